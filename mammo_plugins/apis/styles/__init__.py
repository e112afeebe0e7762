"""``mammo styles``: generators of several styles in one folder, and images translated by them."""

from .filling import FilledStyles, fill_styles
from .gathering import gather_styles
from .truth import METHODS, style_truth

__all__ = ['METHODS', 'FilledStyles', 'fill_styles', 'gather_styles', 'style_truth']
