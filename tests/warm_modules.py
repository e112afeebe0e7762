"""What the server of ``warm_processes`` imports, once."""

from importlib import import_module

from mammo_plugins.compat import install_mmcv_ops

install_mmcv_ops()  # before anything imports mmdet
for name in ('datasets', 'engine', 'evaluation', 'models', 'visualization'):
    import_module(f'mmdet.{name}')
import_module('mmpretrain.models')
for name in ('apis.test', 'apis.train', 'datasets', 'engine', 'evaluation', 'models'):
    import_module(f'mammo_plugins.{name}')
