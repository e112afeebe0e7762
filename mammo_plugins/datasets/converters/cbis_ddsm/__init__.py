"""CBIS-DDSM: tables, marks and images of its release."""

from .conversion import convert_cbis_ddsm

__all__ = ['convert_cbis_ddsm']
