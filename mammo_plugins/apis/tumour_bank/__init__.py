"""``mammo tumour-bank``: tumours of a data set with masks."""

from .cutting import cut_tumours

__all__ = ['cut_tumours']
