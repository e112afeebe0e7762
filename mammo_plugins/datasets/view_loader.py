"""Loads one image of a case, and remembers it."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.dataset import Compose
from mmengine.logging import print_log

from .grey_values import from_grey_values
from .prepared_views import PreparedViews


class ImageLoadingError(ValueError):
    """An image cannot be loaded; the message names the file and the reason."""


class ViewLoader:
    """Runs the deterministic transforms of a view.

    They pass on 16-bit grey values, whether or not they are remembered, so that no cache changes anything but time; the
    caller gets intensities in [0, 1]. Memory holds S x H x W x 2 bytes an image in each process: with data loading
    workers, once a worker, for as long as the worker lives (set ``persistent_workers=True``), and once a rank.

    Args:
        transforms: transforms of a view dictionary, the first of which adds ``img`` (S, H, W) as 16-bit grey values
            (see :mod:`~mammo_plugins.datasets.grey_values`). They must not be random.
        cache_in_memory: keep what they give.
        volume_cache: folder of ``tools/cache_volumes.py``; images that are prepared there are not decoded again.
    """

    def __init__(
        self, transforms: Sequence[Callable], cache_in_memory: bool = False, volume_cache: str | Path | None = None
    ) -> None:
        self.transforms = Compose(transforms)
        self.cache_in_memory = cache_in_memory
        self.prepared = None if volume_cache is None else PreparedViews(volume_cache, transforms)
        self._cache: dict[int, dict[str, Any]] = {}
        self._reported: set[str] = set()

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
        loaded['img'] = from_grey_values(stored['img'])
        return {**view, **loaded}

    def prepare(self, view: dict[str, Any]) -> None:
        """Loads a view from its source and stores it in the volume cache, unless it is there.

        Raises:
            ImageLoadingError: the image cannot be read or is unusable.
            ValueError: there is no volume cache.
        """
        if self.prepared is None:
            raise ValueError('this loader has no volume_cache to prepare images in')
        if not self.prepared.has(view):
            self.prepared.store(view, self._run(lambda: self._from_source(view), view))

    def _load(self, view: dict[str, Any]) -> dict[str, Any]:
        loaded = None if self.prepared is None else self._run(lambda: self.prepared.load(view), view)
        if loaded is None:
            loaded = self._run(lambda: self._from_source(view), view)
        self._report_losses(loaded)
        del loaded['annotated']  # depends on the other images of the breast, so it is the caller's
        return loaded

    def _from_source(self, view: dict[str, Any]) -> dict[str, Any]:
        loaded = self.transforms(copy.deepcopy(view))
        if loaded['img'].dtype != np.uint16:
            raise ValueError(f'loading must give 16-bit grey values (uint16), got {loaded["img"].dtype}')
        return loaded

    @staticmethod
    def _run(load: Callable[[], dict[str, Any] | None], view: dict[str, Any]) -> dict[str, Any] | None:
        try:
            return load()
        except (ValueError, OSError) as error:
            path, reason = view['img_path'], str(error)
            raise ImageLoadingError(reason if path in reason else f'{path}: {reason}') from error

    def _report_losses(self, view: dict[str, Any]) -> None:
        cut, lost, path = view.get('num_findings_clipped', 0), view.get('num_findings_lost', 0), view['img_path']
        if (cut or lost) and path not in self._reported:
            self._reported.add(path)
            message = f'{path}: the crop to the breast cuts {cut} findings and loses {lost}'
            print_log(message, logger='current', level=logging.WARNING)
