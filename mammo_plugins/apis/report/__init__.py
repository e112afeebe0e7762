"""``mammo report``: predictions as an HTML page. Modules that need torch are imported by their full names."""

from .report_predictions import report_predictions

__all__ = ['report_predictions']
