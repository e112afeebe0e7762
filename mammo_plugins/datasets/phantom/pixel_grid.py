"""How large an image is, in pixels and in the room."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PixelGrid:
    """Size of an image in space.

    Attributes:
        rows, columns: pixels.
        pixel_mm: spacing of both axes.
        thickness_mm: compressed thickness of the breast.
    """

    rows: int
    columns: int
    pixel_mm: float
    thickness_mm: float
