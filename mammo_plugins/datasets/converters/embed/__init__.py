"""EMBED: tables, marks and images of its release."""

from .conversion import convert_embed

__all__ = ['convert_embed']
