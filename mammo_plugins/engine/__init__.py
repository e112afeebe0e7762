"""Hooks, loops and optimisers that mmengine lacks: importing this package registers them in ``mmdet.registry``."""

from .hooks import IterationSeedHook, ProgressBarHook
from .loops import AccumulatingTrainLoop
from .optim import ModuleOptimConstructor, OwnStepDataParallel

__all__ = [
    'AccumulatingTrainLoop',
    'IterationSeedHook',
    'ModuleOptimConstructor',
    'OwnStepDataParallel',
    'ProgressBarHook',
]
