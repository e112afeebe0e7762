"""``mammo convert`` and ``mammo convert-checkpoint``. ``checkpoint`` needs torch and is imported by its full name."""

from .dataset import convert_dataset, print_summary

__all__ = ['convert_dataset', 'print_summary']
