"""Models of both breasts of a patient: what differs between the sides, and what they would look like without it."""

from .asymmetric_transformer import AsymmetricTransformer
from .asymmetry_attention import AsymmetryAttention
from .asymmetry_classifier import AsymmetryClassifier
from .cross_view_backbone import CrossViewBackbone
from .disasymnet import DisAsymNet
from .disentangling_decoder import DisentanglingDecoder
from .foreground_attention import ForegroundAttention
from .frozen_copy import FrozenCopy
from .hierarchical_attention_classifier import HierarchicalAttentionClassifier
from .side_concatenation import SideConcatenation
from .single_sides import SingleSides

__all__ = [
    'AsymmetricTransformer',
    'AsymmetryAttention',
    'AsymmetryClassifier',
    'CrossViewBackbone',
    'DisAsymNet',
    'DisentanglingDecoder',
    'ForegroundAttention',
    'FrozenCopy',
    'HierarchicalAttentionClassifier',
    'SideConcatenation',
    'SingleSides',
]
