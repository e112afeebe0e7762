"""Where a run writes what it logs."""

from .scalar_tensorboard_backend import ScalarTensorboardBackend

__all__ = ['ScalarTensorboardBackend']
