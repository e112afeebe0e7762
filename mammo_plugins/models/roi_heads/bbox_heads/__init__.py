"""Box heads of a cascade stage."""

from .slice_dii_head import SliceDIIHead

__all__ = ['SliceDIIHead']
