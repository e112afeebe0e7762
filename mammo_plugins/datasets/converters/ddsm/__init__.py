"""DDSM: tables, marks and images of its release."""

from .conversion import convert_ddsm

__all__ = ['convert_ddsm']
