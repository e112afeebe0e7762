"""INbreast: tables, marks and images of its release."""

from .conversion import convert_inbreast

__all__ = ['convert_inbreast']
