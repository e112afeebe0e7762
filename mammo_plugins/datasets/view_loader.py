"""Loads one image of a case, and remembers it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from mmengine.dataset import Compose

_LARGEST = np.iinfo(np.uint16).max


class ImageLoadingError(ValueError):
    """An image cannot be loaded; the message names the file and the reason."""


class ViewLoader:
    """Runs the deterministic transforms of a view.

    Intensities are rounded to 16 bits (detectors deliver 10 to 14), whether or not they are remembered, so that the
    cache changes nothing but time. It holds S x H x W x 2 bytes an image in each process: with data loading workers,
    once a worker, for as long as the worker lives (set ``persistent_workers=True``), and once a rank.

    Args:
        transforms: transforms of a view dictionary. They must not be random.
        cache_in_memory: keep what they give.
    """

    def __init__(self, transforms: Sequence[Callable], cache_in_memory: bool = False) -> None:
        self.transforms = Compose(transforms)
        self.cache_in_memory = cache_in_memory
        self._cache: dict[int, dict[str, Any]] = {}

    def __call__(self, view: dict[str, Any]) -> dict[str, Any]:
        """The loaded view; arrays in it belong to the caller.

        Raises:
            ImageLoadingError: the image cannot be read or is unusable.
        """
        stored = self._cache.get(view['image_id'])
        if stored is None:
            stored = self._load(view)
            if self.cache_in_memory:
                self._cache[view['image_id']] = stored
        loaded = {key: value if key == 'img' else copy.deepcopy(value) for key, value in stored.items()}
        loaded['img'] = stored['img'].astype(np.float32) / np.float32(_LARGEST)
        return {**view, **loaded}

    def _load(self, view: dict[str, Any]) -> dict[str, Any]:
        try:
            loaded = self.transforms(copy.deepcopy(view))
            loaded['img'] = _to_16_bits(loaded['img'])
        except (ValueError, OSError) as error:
            path, reason = view['img_path'], str(error)
            raise ImageLoadingError(reason if path in reason else f'{path}: {reason}') from error
        del loaded['annotated']  # depends on the other images of the breast, so it is the caller's
        return loaded


def _to_16_bits(img: np.ndarray) -> np.ndarray:
    low, high = float(img.min()), float(img.max())
    if not (0 <= low and high <= 1):
        raise ValueError(f'loading must give intensities in [0, 1], got {low:g} to {high:g}')
    scaled = img * np.float32(_LARGEST)
    return np.rint(scaled, out=scaled).astype(np.uint16)
