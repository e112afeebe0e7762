"""What flows between the parts of the project.

``case_sample`` needs torch and mmdet and is therefore imported by its full name, never from here: evaluating a
prediction file must not wait for either.
"""

from .slice_bins import SliceBins
from .view_keys import Laterality, ViewKey, ViewPosition

__all__ = ['Laterality', 'SliceBins', 'ViewKey', 'ViewPosition']
