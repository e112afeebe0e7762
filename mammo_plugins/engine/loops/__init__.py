"""Training loops."""

from .accumulating_train_loop import AccumulatingTrainLoop

__all__ = ['AccumulatingTrainLoop']
