"""Pixels of stored images for the report's viewer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np

from mammo_plugins.datasets.breast_region import background_limit, decision_stride
from mammo_plugins.io import ImageRecord
from mammo_plugins.io.display_levels import DisplayScale, read_display_levels
from mammo_plugins.io.image_source import ImageSource
from mammo_plugins.io.orientation import OrientationFlips
from mammo_plugins.structures import SliceBins
from mammo_plugins.visualization.picture_planes import reduce_planes, reduction_factor

_FLAT_AIR = 0.05  # share of an image at its lowest level, from which on that level is the air


@dataclass(frozen=True)
class KeptPixels:
    """How much of an image a page keeps; 0 is no limit.

    Attributes:
        image_height: largest height of images of one slice.
        slice_height: largest height of slices of volumes.
        max_slices: of a volume, evenly spread; 0 for all.
    """

    image_height: int = 0
    slice_height: int = 640
    max_slices: int = 0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value < 0:
                raise ValueError(f'{name} is {value}: give the largest number of pixels or slices, or 0 for no limit')

    def within(self, images: Sequence[ImageRecord], max_pixels: int) -> KeptPixels:
        """The same or lower heights, so that a page of many images is not read as a whole before it is reduced.

        Args:
            images: those that will be shown.
            max_pixels: of all of them, slices counted.
        """
        kept = self
        while (pixels := sum(map(kept.num_pixels, images))) > max_pixels:
            shrink = min(0.8, sqrt(max_pixels / pixels))
            tallest = max(image.height for image in images)
            heights = [int(shrink * min(limit or tallest, tallest)) for limit in (kept.image_height, kept.slice_height)]
            if min(heights) < 1:
                break
            kept = replace(kept, image_height=heights[0], slice_height=heights[1])
        return kept

    def num_pixels(self, image: ImageRecord) -> int:
        """Pixels of all slices that are kept of an image."""
        limit = self.image_height if image.num_slices == 1 else self.slice_height
        factor = reduction_factor(image.height, limit)
        return min(image.num_slices, self.max_slices or image.num_slices) * (image.height * image.width // factor**2)


@dataclass(frozen=True)
class ViewPixels:
    """What a page shows of an image.

    Attributes:
        frames: (F, H, W) levels, the chest wall at the left.
        scale: how they are shown.
        reduction: stored pixels that a pixel is wide and high.
        slice_ranges: first and last stored slice of each frame.
    """

    frames: np.ndarray
    scale: DisplayScale
    reduction: int
    slice_ranges: list[tuple[int, int]]

    @property
    def of_report(self) -> dict[str, object]:
        """As arguments of :class:`~mammo_plugins.visualization.ReportView`."""
        return vars(self)


def read_view_pixels(source: ImageSource, flips: OrientationFlips, image: ImageRecord, kept: KeptPixels) -> ViewPixels:
    """Reads an image; one slice of the stored size is in memory at a time.

    Args:
        source: the image's file.
        flips: what turns its chest wall to the left.
        image: its record.
        kept: how much of it.

    Raises:
        UnreadableImageError: it cannot be read.
    """
    bins = SliceBins.at_most(image.num_slices, kept.max_slices or image.num_slices)
    middles = [bins.middle(number) for number in range(bins.num_bins)]
    limit = kept.image_height if image.num_slices == 1 else kept.slice_height
    factor = reduction_factor(image.height, limit)
    scale, levels = read_display_levels(source, middles)
    frames = np.stack([reduce_planes(np.ascontiguousarray(flips.apply(one)), factor) for one in levels])
    return ViewPixels(
        frames,
        replace(scale, background=_find_background(frames[len(frames) // 2], scale)),
        factor,
        [(bins.first(number), bins.last(number)) for number in range(bins.num_bins)],
    )


def _find_background(levels: np.ndarray, scale: DisplayScale) -> int:
    """The highest level of the air: one level where it is flat, as in images made for the eye, else by its spread."""
    stride = decision_stride(levels)
    coarse = levels[::stride, ::stride]
    lowest = int(coarse.min())
    if (coarse == lowest).mean() >= _FLAT_AIR:
        return lowest
    return min(int(background_limit(coarse)), scale.top)
