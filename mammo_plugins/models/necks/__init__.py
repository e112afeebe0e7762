"""Necks that mmdet lacks."""

from .bifpn import BiFPN

__all__ = ['BiFPN']
