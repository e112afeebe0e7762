"""Where findings lie in the breast, in words: computed once, for tables, DICOM objects and reports."""

from .located_findings import LocatedFindings
from .locating import locate_findings
from .locations_file import locate_table, read_locations, write_locations

__all__ = ['LocatedFindings', 'locate_findings', 'locate_table', 'read_locations', 'write_locations']
