"""Hooks, loops, optimisers and backends that mmengine lacks, registered in ``mmdet.registry`` on import."""

from .hooks import IterationSeedHook, ProgressBarHook
from .loops import AccumulatingTrainLoop
from .optim import ModuleOptimConstructor, OwnStepDataParallel
from .vis_backends import ScalarTensorboardBackend

__all__ = [
    'AccumulatingTrainLoop',
    'IterationSeedHook',
    'ModuleOptimConstructor',
    'OwnStepDataParallel',
    'ProgressBarHook',
    'ScalarTensorboardBackend',
]
