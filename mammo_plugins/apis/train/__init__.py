"""``mammo train``: a run from a config."""

from .run_options import RunOptions
from .training import train

__all__ = ['RunOptions', 'train']
