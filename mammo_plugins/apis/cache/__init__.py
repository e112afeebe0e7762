"""``mammo cache``: prepared volumes on disk."""

from .caching import cache_volumes

__all__ = ['cache_volumes']
