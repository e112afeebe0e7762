"""Which stored pixels a box covers, one rule for everything that is drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence


def covered_pixels(box_xyxy: Sequence[float]) -> tuple[slice, slice]:
    """Rows and columns whose centres lie in a box, at least one of each.

    A centre on its left or upper edge lies in it, one on its right or lower edge does not.

    Args:
        box_xyxy: corners in stored pixels, 0 at the outer edge of the first one.
    """
    x1, y1, x2, y2 = box_xyxy
    return _covered(y1, y2), _covered(x1, x2)


def _covered(low: float, high: float) -> slice:
    first, after = math.ceil(low - 0.5), math.ceil(high - 0.5)
    if after > first:
        return slice(first, after)
    middle = math.floor((low + high) / 2)  # narrower than a pixel and between two centres
    return slice(middle, middle + 1)
