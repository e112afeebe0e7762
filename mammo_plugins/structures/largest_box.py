"""Which finding of an image is its largest, wherever that is asked."""

from __future__ import annotations

import numpy as np

_EQUAL = 1e-3  # areas that differ by less, as after rounding to other pixels, are equal


def largest_box(boxes_xywh: np.ndarray) -> int | None:
    """Position of the largest of (n, 4) boxes, None of none; of those within 0.1 % of the largest area the first."""
    areas = np.asarray(boxes_xywh, np.float64).reshape(-1, 4)[:, 2:].prod(axis=1)
    return int(np.flatnonzero(areas >= areas.max() * (1 - _EQUAL))[0]) if len(areas) else None
