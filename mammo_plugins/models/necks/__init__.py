"""Necks."""

from .bifpn import BiFPN
from .feature_fusion import FeatureFusion

__all__ = ['BiFPN', 'FeatureFusion']
