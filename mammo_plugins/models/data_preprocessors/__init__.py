"""From samples to batches."""

from .case_data_preprocessor import CaseDataPreprocessor

__all__ = ['CaseDataPreprocessor']
