"""``mammo demo``: the whole way on synthetic breasts."""

from .run import run_demo

__all__ = ['run_demo']
