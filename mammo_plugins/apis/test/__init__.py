"""``mammo test``: predictions and numbers of a checkpoint."""

from .testing import evaluate_checkpoint

__all__ = ['evaluate_checkpoint']
