"""``mammo report``: predictions as an HTML page. Modules that need torch are imported by their full names."""

from .predictions_files import report_predictions_files

__all__ = ['report_predictions_files']
