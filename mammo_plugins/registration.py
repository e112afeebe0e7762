"""Registers everything of this project in ``mmdet.registry``; every config names it in ``custom_imports``."""

from mammo_plugins.compat import install_mmcv_ops, quiet_libraries

quiet_libraries()
install_mmcv_ops()  # before the imports below, which reach mmcv.ops

from mammo_plugins import engine, models  # noqa: E402
from mammo_plugins.datasets import case_collate, case_dataset, case_sampler, styles, transforms  # noqa: E402
from mammo_plugins.evaluation import metrics  # noqa: E402

__all__ = ['case_collate', 'case_dataset', 'case_sampler', 'engine', 'metrics', 'models', 'styles', 'transforms']
