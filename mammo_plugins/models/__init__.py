"""Models: importing this package registers them in ``mmdet.registry.MODELS``."""

from . import data_preprocessors, detectors, layers, losses, roi_heads, slice_fusion

__all__ = ['data_preprocessors', 'detectors', 'layers', 'losses', 'roi_heads', 'slice_fusion']
