"""Hooks and loops that mmengine lacks: importing this package registers them in ``mmdet.registry``."""

from .hooks import IterationSeedHook, ProgressBarHook
from .loops import AccumulatingTrainLoop

__all__ = ['AccumulatingTrainLoop', 'IterationSeedHook', 'ProgressBarHook']
