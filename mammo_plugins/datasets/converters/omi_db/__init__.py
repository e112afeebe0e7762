"""OMI-DB: tables, marks and images of its release."""

from .conversion import convert_omi_db

__all__ = ['convert_omi_db']
