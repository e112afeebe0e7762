"""A saliency map in the frame of a picture of its image, or on the pixels of its image."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.ndimage import map_coordinates

from .predictions import PredictionsError
from .saliency_files import SaliencyMap


def saliency_on_picture(
    entry: SaliencyMap, saliency: np.ndarray, homography: np.ndarray, size: tuple[int, int], max_height: int
) -> np.ndarray:
    """(H, W) saliency over a whole picture, linear between the map's pixels, and 0 where the map does not reach.

    Args:
        entry: says what the map covers.
        saliency: (h, w) the map.
        homography: (3, 3) stored pixels to those of the picture.
        size: (width, height) of the picture in these pixels.
        max_height: H at most; W follows from the shape of the picture.
    """
    width, height = size
    rows = max(1, min(max_height, height))
    columns = max(1, round(rows * width / height))
    y, x = np.meshgrid((np.arange(rows) + 0.5) * height / rows, (np.arange(columns) + 0.5) * width / columns,
                       indexing='ij')  # fmt: skip
    moved = np.tensordot(entry.homography @ np.linalg.inv(homography), np.stack([x, y, np.ones_like(x)]), 1)
    x, y = moved[:2] / moved[2]
    inside = (x >= 0) & (x <= entry.covered[1]) & (y >= 0) & (y <= entry.covered[0])
    reduced, step = _reduced(saliency, rows)
    row, column = (
        at * count / extent / step - 0.5 for at, count, extent in zip((y, x), entry.shape, entry.covered, strict=True)
    )
    found = map_coordinates(reduced, [row, column], order=1, mode='nearest')
    return np.where(inside, np.clip(found, 0, 1), 0)


def on_image_pixels(entry: SaliencyMap, saliency: np.ndarray, size: tuple[int, int]) -> tuple[SaliencyMap, np.ndarray]:
    """A map as if the model had given one value a stored pixel: that of its cell, and 0 where the map does not reach.

    Args:
        entry: says what the map covers.
        saliency: (h, w) the map.
        size: (height, width) of the image in stored pixels.

    Returns:
        The entry of the new map, and (height, width) saliency.

    Raises:
        PredictionsError: the image was turned by other than half a turn.
    """
    homography = np.asarray(entry.homography, np.float64)
    if np.count_nonzero(homography[[0, 1, 2, 2], [1, 0, 0, 1]]):
        raise PredictionsError(
            f'the map {entry.category!r} of {entry.key} is turned, and is scored on its own cells only'
        )
    homography = homography / homography[2, 2]
    found = saliency
    for axis, row in ((0, 1), (1, 0)):
        place = homography[row, row] * (np.arange(size[axis]) + 0.5) + homography[row, 2]
        cell = np.floor(place * entry.shape[axis] / entry.covered[axis]).astype(np.int64)
        inside = (cell >= 0) & (cell < entry.shape[axis])
        taken = np.take(found, cell.clip(0, entry.shape[axis] - 1), axis=axis)
        found = taken * np.expand_dims(inside, 1 - axis)
    return replace(entry, shape=size, covered=(float(size[0]), float(size[1])), homography=np.eye(3)), found


def _reduced(saliency: np.ndarray, rows: int) -> tuple[np.ndarray, int]:
    """Means over blocks where a map is finer than what it is drawn with, and the pixels that a block has a side."""
    step = max(1, min(saliency.shape[0] // rows, *saliency.shape))
    missing = [-length % step for length in saliency.shape]
    padded = np.pad(saliency, [(0, missing[0]), (0, missing[1])], mode='edge')
    blocks = padded.reshape(padded.shape[0] // step, step, padded.shape[1] // step, step)
    return blocks.mean(axis=(1, 3)), step
