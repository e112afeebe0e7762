"""Box suppression and overlap as plain loops, from the definitions.

Boxes are (x1, y1, x2, y2). ``offset`` is added to each width and height.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

Box = Sequence[float]


def area(box: Box, offset: int = 0) -> float:
    """Width times height."""
    return (box[2] - box[0] + offset) * (box[3] - box[1] + offset)


def overlap(first: Box, second: Box, mode: str = 'iou', offset: int = 0) -> float:
    """Intersection over union (``iou``) or over the first box (``iof``)."""
    width = min(first[2], second[2]) - max(first[0], second[0]) + offset
    height = min(first[3], second[3]) - max(first[1], second[1]) + offset
    shared = max(width, 0) * max(height, 0)
    whole = area(first, offset) if mode == 'iof' else area(first, offset) + area(second, offset) - shared
    return shared / whole if whole > 0 else 0.0


def nms(boxes: Sequence[Box], scores: Sequence[float], iou_threshold: float, offset: int = 0) -> list[int]:
    """Walks down the scores and keeps a box that overlaps no kept one by more than the threshold."""
    kept: list[int] = []
    for candidate in sorted(range(len(boxes)), key=lambda index: -scores[index]):
        if all(overlap(boxes[index], boxes[candidate], offset=offset) <= iou_threshold for index in kept):
            kept.append(candidate)
    return kept


def soft_nms(
    boxes: Sequence[Box],
    scores: Sequence[float],
    iou_threshold: float,
    sigma: float,
    min_score: float,
    method: str,
    offset: int = 0,
) -> list[tuple[int, float]]:
    """Takes the best box, lowers the others by their overlap with it, drops those below ``min_score``, and repeats.

    Source: Bodla et al., Soft-NMS, ICCV 2017, Fig. 2.
    """
    remaining = dict(enumerate(scores))
    kept = []
    while remaining:
        best = max(remaining, key=lambda index: remaining[index])
        kept.append((best, remaining.pop(best)))
        for index in list(remaining):
            iou = overlap(boxes[best], boxes[index], offset=offset)
            if method == 'gaussian':
                remaining[index] *= math.exp(-iou * iou / sigma)
            elif iou >= iou_threshold:
                remaining[index] *= 1 - iou if method == 'linear' else 0
            if remaining[index] < min_score:
                del remaining[index]
    return kept


def nms_match(boxes: Sequence[Box], scores: Sequence[float], iou_threshold: float) -> list[list[int]]:
    """Groups each kept box with the boxes that it suppresses, by descending score."""
    remaining = sorted(range(len(boxes)), key=lambda index: -scores[index])
    groups = []
    while remaining:
        best, *others = remaining
        taken = [index for index in others if overlap(boxes[best], boxes[index]) >= iou_threshold]
        groups.append([best, *taken])
        remaining = [index for index in others if index not in taken]
    return groups
