"""Hooks, loops and backends that mmengine lacks: importing this package registers them in ``mmdet.registry``."""

from .hooks import IterationSeedHook, ProgressBarHook
from .loops import AccumulatingTrainLoop
from .vis_backends import ScalarTensorboardBackend

__all__ = ['AccumulatingTrainLoop', 'IterationSeedHook', 'ProgressBarHook', 'ScalarTensorboardBackend']
