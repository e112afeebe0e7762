"""Where findings lie in the breast, in words: computed once, for tables, DICOM objects and reports."""

from .locating import locate_findings
from .locations_file import LOCATIONS, locate_table, write_locations

__all__ = ['LOCATIONS', 'locate_findings', 'locate_table', 'write_locations']
