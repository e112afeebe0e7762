"""Where the labels of boxes go, so that none hides another."""

from __future__ import annotations

from collections.abc import Sequence

from .report_content import Box

Point = tuple[float, float]


def place_labels(
    boxes: Sequence[Box], sizes: Sequence[tuple[float, float]], frame: Box, keep_free: Sequence[Box] = ()
) -> list[Point]:
    """Puts each label beside its box, where it covers as little as possible of labels, boxes and other areas.

    Labels are placed in order, so the first ones get the better places. y points down.

    Args:
        boxes: corners of the boxes.
        sizes: width and height of each label.
        frame: what every label must lie in, if it fits at all.
        keep_free: further areas that are better left free.

    Returns:
        The upper left corner of each label.
    """
    placed: list[Box] = []
    for box, size in zip(boxes, sizes, strict=True):
        places = [_inside(place, frame) for place in _places(box, size)]
        costs = [_cost(place, placed, (*boxes, *keep_free)) for place in places]
        placed.append(places[costs.index(min(costs))])
    return [(left, top) for left, top, _, _ in placed]


def _cost(place: Box, labels: Sequence[Box], areas: Sequence[Box]) -> float:
    """What a label hides; another label is hidden for good, a box only crossed."""
    cost = 10 * sum(_shared_area(place, other) for other in labels) + sum(_shared_area(place, other) for other in areas)
    return round(cost, 6)  # a label that touches its box hides nothing, whatever rounding says


def _places(box: Box, size: tuple[float, float]) -> list[Box]:
    """Labels above, below and to the sides of a box, the usual ones first, then a line further away."""
    left, top, right, bottom = box
    width, height = size
    corners = [
        *((x, y) for y in (top - height, bottom) for x in (left, right - width)),
        *((x, y) for y in (top, bottom - height) for x in (right, left - width)),
        *((x, y) for y in (top - 2 * height, bottom + height) for x in (left, right - width, right, left - width)),
    ]
    return [(x, y, x + width, y + height) for x, y in corners]


def _inside(place: Box, frame: Box) -> Box:
    """A label moved into the frame; its upper left corner stays inside where it is larger than that."""
    left, top, right, bottom = place
    x = max(frame[0], min(left, frame[2] - (right - left)))
    y = max(frame[1], min(top, frame[3] - (bottom - top)))
    return (x, y, x + right - left, y + bottom - top)


def _shared_area(first: Box, second: Box) -> float:
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    return max(width, 0.0) * max(height, 0.0)
