"""``mammo disagreements``: what one model finds and another misses. Needs neither torch nor a GPU."""

from .comparison import DisagreementOptions, compare_found, print_disagreements
from .models import PredictionFiles

__all__ = ['DisagreementOptions', 'PredictionFiles', 'compare_found', 'print_disagreements']
