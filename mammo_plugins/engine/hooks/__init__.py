"""Training hooks."""

from .iteration_seed_hook import IterationSeedHook
from .progress_bar_hook import ProgressBarHook

__all__ = ['IterationSeedHook', 'ProgressBarHook']
