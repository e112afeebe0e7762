"""Boxes that reach over the border of their image."""

from __future__ import annotations

Box = tuple[float, float, float, float]


def clip_box(box_xywh: Box, width: int, height: int) -> tuple[Box, bool]:
    """The part of a box inside the image, and whether anything was cut off.

    Raises:
        ValueError: the box has no area, or nothing of it lies inside.
    """
    x, y, box_width, box_height = box_xywh
    if box_width <= 0 or box_height <= 0:
        raise ValueError(f'box {box_xywh} has no area')
    left, top = max(x, 0.0), max(y, 0.0)
    right, bottom = min(x + box_width, float(width)), min(y + box_height, float(height))
    if right <= left or bottom <= top:
        raise ValueError(f'box {box_xywh} lies outside the image of {width} x {height} pixels')
    was_clipped = x < 0 or y < 0 or x + box_width > width or y + box_height > height
    return ((left, top, right - left, bottom - top) if was_clipped else box_xywh), was_clipped
