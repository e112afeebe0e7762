"""Models: importing this package registers them in ``mmdet.registry.MODELS``."""

from . import data_preprocessors, dense_heads, detectors, layers, losses, necks, roi_heads, slice_fusion

__all__ = ['data_preprocessors', 'dense_heads', 'detectors', 'layers', 'losses', 'necks', 'roi_heads', 'slice_fusion']
