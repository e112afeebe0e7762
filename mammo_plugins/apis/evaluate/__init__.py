"""``mammo evaluate``: numbers from prediction files, without torch."""

from .comparison import compare_predictions_files
from .predictions_file import evaluate_predictions_file
from .scoring_options import ScoringOptions

__all__ = ['ScoringOptions', 'compare_predictions_files', 'evaluate_predictions_file']
