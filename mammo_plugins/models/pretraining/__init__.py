"""Pretraining of backbones without labels."""

from .contrastive_pretraining import ContrastivePretraining
from .gathering import gather_samples
from .pair_rules import SCHEMES, Pairs, SampleKeys

__all__ = ['SCHEMES', 'ContrastivePretraining', 'Pairs', 'SampleKeys', 'gather_samples']
