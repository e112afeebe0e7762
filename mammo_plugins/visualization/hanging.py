"""How breasts hang in pictures for readers: as radiologists hang them, in every page and figure.

Networks see each breast with its chest wall at the left. For the eye, a right breast has it at the right, so that left
and right are mirror images of each other.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Box = tuple[float, float, float, float]
"""(left, top, right, bottom) in pixels of the picture."""


def is_hung_mirrored(view_name: str) -> bool:
    """Whether a view (``R-CC``, ``rmlo``) whose chest wall lies at the left is to be mirrored: a right breast."""
    return view_name.upper().startswith('R')


def hang_order(view_names: Sequence[str]) -> list[int]:
    """The views from left to right: right breasts first, chest wall to chest wall with the left ones."""
    return sorted(range(len(view_names)), key=lambda index: not is_hung_mirrored(view_names[index]))


def hang_pixels(pixels: np.ndarray, view_name: str) -> np.ndarray:
    """(..., H, W) pixels, the chest wall at the left, as the view is hung."""
    return pixels[..., ::-1] if is_hung_mirrored(view_name) else pixels


def hang_box(box_xyxy: Box, width: float, view_name: str) -> Box:
    """A box in a picture of ``width`` pixels as the view is hung."""
    if not is_hung_mirrored(view_name):
        return box_xyxy
    left, top, right, bottom = box_xyxy
    return (width - right, top, width - left, bottom)
