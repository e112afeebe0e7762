"""Losses that mmdet lacks."""

from .average_factor import batch_in_parts, count_loss_terms, global_average_factor
from .feature_similarity_loss import FeatureSimilarityLoss
from .mil_loss import NoisyOrMILLoss
from .two_gamma_focal_loss import TwoGammaFocalLoss

__all__ = [
    'FeatureSimilarityLoss',
    'NoisyOrMILLoss',
    'TwoGammaFocalLoss',
    'batch_in_parts',
    'count_loss_terms',
    'global_average_factor',
]
