"""Losses that mmdet lacks."""

from .average_factor import global_average_factor
from .mil_loss import NoisyOrMILLoss

__all__ = ['NoisyOrMILLoss', 'global_average_factor']
