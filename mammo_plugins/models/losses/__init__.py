"""Losses that mmdet lacks."""

from .average_factor import batch_in_parts, count_loss_terms, global_average_factor, mean_where
from .disentangling_losses import guided_reconstruction_loss, pair_classification_loss, synthesis_loss
from .feature_similarity_loss import FeatureSimilarityLoss
from .hierarchical_attention_losses import attention_bound_loss, attention_union_loss
from .margin_contrastive_loss import MarginContrastiveLoss
from .masked_nt_xent_loss import MaskedNTXentLoss
from .mil_loss import NoisyOrMILLoss
from .two_gamma_focal_loss import TwoGammaFocalLoss
from .weak_label_losses import LabelCrossEntropyLoss, MapSparsityLoss

__all__ = [
    'FeatureSimilarityLoss',
    'LabelCrossEntropyLoss',
    'MapSparsityLoss',
    'MarginContrastiveLoss',
    'MaskedNTXentLoss',
    'NoisyOrMILLoss',
    'TwoGammaFocalLoss',
    'attention_bound_loss',
    'attention_union_loss',
    'batch_in_parts',
    'count_loss_terms',
    'global_average_factor',
    'guided_reconstruction_loss',
    'mean_where',
    'pair_classification_loss',
    'synthesis_loss',
]
