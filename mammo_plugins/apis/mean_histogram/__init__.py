"""``mammo mean-histogram``: the mean histogram of a data set."""

from .writing import write_mean_histogram

__all__ = ['write_mean_histogram']
