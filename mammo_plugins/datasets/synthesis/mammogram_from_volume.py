"""A synthetic mammogram of a volume that is read slice by slice.

A volume of S slices is looked at with a ball-and-shell kernel, and the brightest of what it gives in all slices is
shown. At the borders the volume goes on as its mirror image (d c b a | a b c d | d c b a), in its slices as in its
rows and columns, which keeps even tissue at its value up to the chest wall and in the first and last slice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from .ball_and_shell import REACH, kernel_planes
from .volume_statistics import GreyScale

RECIPE = 'ball and shell 9x9x9, maximum over slices; 1'
"""What is computed, and its version, which rises when the same volume gives another picture."""

Pixels = npt.NDArray[np.float32]


def mammogram_from_slices(slices: Iterable[Pixels], num_slices: int, scale: GreyScale) -> Pixels:
    """Sharpens a volume with the kernel and takes the maximum over its slices.

    No more than nine slices are in memory, whatever the volume has.

    Args:
        slices: (H, W) intensities in stored order.
        num_slices: how many there are.
        scale: of the whole volume, see :func:`~mammo_plugins.datasets.synthesis.measure_slices`.

    Returns:
        (H, W) of at most 2 and at least -1; even tissue of intensity 1 gives 1, and air gives 0.

    Raises:
        ValueError: there are fewer slices than announced.

    Source: Klein 2023, the synthetic mammograms of T-SYNTH (arXiv 2507.04038).
    """
    planes = kernel_planes()
    brightest: Pixels | None = None
    for window in _iter_windows(map(scale.apply, slices), num_slices):
        sharpened = _correlate(window, planes)
        brightest = sharpened if brightest is None else np.maximum(brightest, sharpened, out=brightest)
    if brightest is None:
        raise ValueError('a volume without slices gives no mammogram')
    return brightest


def _iter_windows(slices: Iterator[Pixels], num_slices: int) -> Iterator[list[Pixels]]:
    """The nine slices around each slice."""
    ring: dict[int, Pixels] = {}
    for middle in range(num_slices):
        last = min(middle + REACH, num_slices - 1)
        for index in range(max(ring, default=-1) + 1, last + 1):
            if (pixels := next(slices, None)) is None:
                raise ValueError(f'{index} slices came of a volume of {num_slices}')
            ring[index] = pixels
        ring.pop(middle - REACH - 1, None)
        yield [ring[_mirrored(middle + offset, num_slices)] for offset in range(-REACH, REACH + 1)]


def _mirrored(index: int, count: int) -> int:
    """The slice that stands for one before the first or behind the last."""
    index %= 2 * count
    return min(index, 2 * count - 1 - index)


def _correlate(window: Sequence[Pixels], planes: npt.NDArray[np.float32]) -> Pixels:
    """The middle slice, correlated; slices at the same distance share a plane of the kernel, and are added first."""
    total = cv2.filter2D(window[REACH], cv2.CV_32F, planes[0], borderType=cv2.BORDER_REFLECT)
    for distance in range(1, REACH + 1):
        pair = window[REACH - distance] + window[REACH + distance]
        total += cv2.filter2D(pair, cv2.CV_32F, planes[distance], borderType=cv2.BORDER_REFLECT)
    return total
