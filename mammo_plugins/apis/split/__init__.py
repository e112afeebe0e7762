"""Other splits of an annotation file."""

from .splitting import split_annotations

__all__ = ['split_annotations']
