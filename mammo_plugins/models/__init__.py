"""Models: importing this package registers them in ``mmdet.registry.MODELS``."""

from mammo_plugins.compat import install_mmcv_ops
from mammo_plugins.compat.mmcv_attention import separate_attention_defaults

install_mmcv_ops()  # before the imports below, which reach mmcv.ops

from . import (  # noqa: E402
    auxiliary,
    backbones,
    bilateral,
    classifiers,
    data_preprocessors,
    dense_heads,
    detectors,
    layers,
    losses,
    necks,
    pretraining,
    roi_heads,
    segmenters,
    slice_fusion,
    translation,
)

__all__ = [
    'auxiliary',
    'backbones',
    'bilateral',
    'classifiers',
    'data_preprocessors',
    'dense_heads',
    'detectors',
    'layers',
    'losses',
    'necks',
    'pretraining',
    'roi_heads',
    'segmenters',
    'slice_fusion',
    'translation',
]

separate_attention_defaults()
