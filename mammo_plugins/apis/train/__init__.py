"""``mammo train``: a run from a config."""

from .training import train

__all__ = ['train']
