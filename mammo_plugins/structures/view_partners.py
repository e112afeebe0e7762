"""Images of one view that belong together, and how their pixels compare.

The two pictures of one exposure, a synthetic mammogram and its FFDM, show the same field on grids of different pixels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

ASPECT_TOLERANCE = 0.005
"""Images of one view whose ratios of height and width agree within this share show the same field."""

_TIME_TOLERANCE_S = 0.001
"""Distances in time that differ by less are equal: DICOM's times have decimals, whose last bits decide nothing."""


class ViewImage(Protocol):
    """What is asked of an image, such as an ``ImageRecord``."""

    width: int
    height: int
    patient_id: str
    study_uid: str
    view: str
    spacing_mm: tuple[float, float] | None
    acquisition_time_s: float | None


def shown_view(image: ViewImage) -> tuple[str, str, str]:
    """Patient, study and view: what the images of one view share, whatever their modality."""
    return (image.patient_id, image.study_uid, image.view)


def pair_by_time(first: Sequence[ViewImage], second: Sequence[ViewImage]) -> list[tuple[int, int]] | None:
    """Positions of the images of two kinds that belong together, those of one view.

    One of each are partners. Of several, those are that were exposed nearest to each other.

    Args:
        first, second: the images of either kind.

    Returns:
        Pairs, some images perhaps in none; None where a time is unknown, or pairs that exclude each other are as near.
    """
    if len(first) == len(second) == 1:
        return [(0, 0)]
    times = [image.acquisition_time_s for image in (*first, *second)]
    if None in times:
        return None
    left = [
        (abs(one.acquisition_time_s - other.acquisition_time_s), i, j)
        for i, one in enumerate(first)
        for j, other in enumerate(second)
    ]
    pairs = []
    while left:
        distance, i, j = min(left, key=lambda candidate: candidate[0])
        if any(rival - distance < _TIME_TOLERANCE_S and (a == i) != (b == j) for rival, a, b in left):
            return None
        pairs.append((i, j))
        left = [candidate for candidate in left if candidate[1] != i and candidate[2] != j]
    return pairs


def shows_same_field(one: tuple[float, float], other: tuple[float, float]) -> bool:
    """Whether two images of a view, each ``(height, width)``, show the same field: one is the other, scaled."""
    return abs(one[0] / one[1] / (other[0] / other[1]) - 1) <= ASPECT_TOLERANCE


def pixel_ratio(image: ViewImage, partner: ViewImage) -> float | None:
    """Stored pixels of an image that one pixel of its partner is long.

    Both show the same field where their shapes agree, and their sizes tell; else their pixel spacings do. Where rows
    and columns differ, the ratio is that of a square of the same area.

    Args:
        image, partner: of one view.

    Returns:
        The ratio, such as 0.6 for a synthetic mammogram of 1996 columns beside an FFDM of 3328; None where nothing
        tells it.
    """
    sizes = [(one.height, one.width) for one in (image, partner)]
    if all(side > 0 for size in sizes for side in size) and shows_same_field(*sizes):
        return math.sqrt(math.prod(sizes[0]) / math.prod(sizes[1]))
    if image.spacing_mm is None or partner.spacing_mm is None:
        return None
    return math.sqrt(math.prod(partner.spacing_mm) / math.prod(image.spacing_mm))
