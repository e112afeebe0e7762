"""Training hooks."""

from .iteration_seed_hook import IterationSeedHook
from .preferred_checkpoint_hook import PreferredCheckpointHook
from .progress_bar_hook import ProgressBarHook

__all__ = ['IterationSeedHook', 'PreferredCheckpointHook', 'ProgressBarHook']
