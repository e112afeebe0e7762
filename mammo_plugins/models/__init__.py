"""Models: importing this package registers them in ``mmdet.registry.MODELS``."""

from mammo_plugins.compat.mmcv_attention import separate_attention_defaults

from . import backbones, data_preprocessors, dense_heads, detectors, layers, losses, necks, roi_heads, slice_fusion

__all__ = [
    'backbones',
    'data_preprocessors',
    'dense_heads',
    'detectors',
    'layers',
    'losses',
    'necks',
    'roi_heads',
    'slice_fusion',
]

separate_attention_defaults()
