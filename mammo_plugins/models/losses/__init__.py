"""Losses that mmdet lacks."""

from .average_factor import batch_in_parts, count_loss_terms, global_average_factor
from .mil_loss import NoisyOrMILLoss

__all__ = ['NoisyOrMILLoss', 'batch_in_parts', 'count_loss_terms', 'global_average_factor']
