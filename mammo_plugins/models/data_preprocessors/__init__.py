"""From samples to batches."""

from .case_data_preprocessor import CaseDataPreprocessor
from .copies_data_preprocessor import CopiesDataPreprocessor
from .per_image_data_preprocessor import PerImageDataPreprocessor
from .style_pair_preprocessor import StylePairPreprocessor

__all__ = ['CaseDataPreprocessor', 'CopiesDataPreprocessor', 'PerImageDataPreprocessor', 'StylePairPreprocessor']
