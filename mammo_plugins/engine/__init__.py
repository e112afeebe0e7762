"""What mmengine lacks (hooks, loops, optimisers, backends): importing this package registers it in ``mmdet.registry``."""

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
