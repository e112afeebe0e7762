"""Hooks that mmengine lacks: importing this package registers them in ``mmdet.registry.HOOKS``."""

from .hooks import IterationSeedHook, ProgressBarHook

__all__ = ['IterationSeedHook', 'ProgressBarHook']
