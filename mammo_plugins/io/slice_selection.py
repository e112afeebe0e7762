"""Which slices a caller may ask for."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from pathlib import Path


def check_slice_indices(indices: Sequence[int] | None, num_slices: int, path: Path) -> list[int]:
    """The wanted slices as a list; all where ``indices`` is None.

    Raises:
        ValueError: an index is out of range.
        TypeError: an index is no integer.
    """
    if indices is None:
        return list(range(num_slices))
    wanted = [operator.index(index) for index in indices]
    for index in wanted:
        if not 0 <= index < num_slices:
            raise ValueError(f'{path}: slice {index} is outside 0 to {num_slices - 1}')
    return wanted
