"""Loaded images of views, kept on disk between runs."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mammo_plugins.io.source_digest import SourceDigests
from mammo_plugins.io.volume_cache import VolumeCache
from mammo_plugins.io.whole_file import write_whole
from mammo_plugins.structures import SliceBins

from .loading_settings import describe_loading
from .transforms.view_geometry import GeometryStep, replay_geometry


class PreparedViews:
    """What a chain of loading transforms gave, found again by the source's bytes and the chain's settings.

    Boxes are no part of it: the geometry of the chain is kept and replayed on whatever the annotation file says.
    Anything else that decides about the pixels (side, view and the 180 degree mark of the annotation file) is part of
    the key, so that a corrected annotation file never meets the pixels of the old one.

    Args:
        folder: of the cache; several chains can share it.
        transforms: the chain.
    """

    def __init__(self, folder: str | Path, transforms: Sequence[Callable]) -> None:
        settings = describe_loading(transforms)
        self._settings_text = json.dumps(settings, indent=1, sort_keys=True) + '\n'
        self.name = hashlib.sha256(self._settings_text.encode()).hexdigest()[:16]
        self.folder = Path(folder) / self.name
        self._volumes = VolumeCache(self.folder)
        self._digests = SourceDigests(Path(folder) / 'sources')

    def has(self, view: dict[str, Any]) -> bool:
        """Whether a view can be loaded from here; its source is read only where its times say it may be another."""
        key = self._known_key(view)
        return key is not None and key in self._volumes

    def verify(self, view: dict[str, Any]) -> None:
        """Reads the source's bytes, so that a view of others than were prepared is no longer found.

        Raises:
            OSError: the source cannot be read.
        """
        self._digests.compute(view['img_path'], anew=True)

    def load(self, view: dict[str, Any]) -> dict[str, Any] | None:
        """The view as the transforms would give it, ``img`` as 16-bit integers; None where it is not prepared.

        Raises:
            ValueError: the annotation file gives another size than the source has, or what is stored is broken.
        """
        key = self._known_key(view)
        if key is None or key not in self._volumes:
            return None
        img, record = self._volumes.read(key)
        bins = SliceBins(record['num_slices'], record['num_bins'])
        found, expected = (bins.num_slices, *record['ori_shape']), (view['num_source_slices'], *view['ori_shape'])
        if found != expected:
            raise ValueError(
                f'{view["img_path"]} holds (slices, rows, columns) = {found}, the annotation file says {expected}: '
                'convert the data again'
            )
        loaded = {**copy.deepcopy(view), 'img': img, 'slice_bins': bins, 'homography_matrix': np.eye(3)}
        replay_geometry(loaded, map(_read_step, record['geometry']))
        return loaded

    def store(self, view: dict[str, Any], loaded: dict[str, Any]) -> None:
        """Keeps what the transforms gave of a view.

        Args:
            view: before loading.
            loaded: after it, ``img`` (S, H, W) as 16-bit integers.

        Raises:
            OSError: the source cannot be read, or the cache not written.
        """
        settings = self.folder / 'settings.json'
        if not settings.is_file():
            write_whole(settings, self._settings_text)
        bins: SliceBins = loaded['slice_bins']
        record = {
            'num_slices': bins.num_slices,
            'num_bins': bins.num_bins,
            'ori_shape': [int(side) for side in view['ori_shape']],
            'geometry': [_write_step(step) for step in loaded['geometry_steps']],
        }
        self._volumes.store(self._key(view, self._digests.compute(view['img_path'])), loaded['img'], record)

    def _known_key(self, view: dict[str, Any]) -> str | None:
        digest = self._digests.known(view['img_path'])
        return None if digest is None else self._key(view, digest)

    def _key(self, view: dict[str, Any], digest: str) -> str:
        facts = json.dumps([digest, self.name, view['view'], bool(view['rotated_180'])])
        return hashlib.sha256(facts.encode()).hexdigest()


def _write_step(step: GeometryStep) -> list:
    return [step.homography.ravel().tolist(), [int(side) for side in step.img_shape], bool(step.clips)]


def _read_step(stored: list) -> GeometryStep:
    homography, img_shape, clips = stored
    return GeometryStep(np.array(homography).reshape(3, 3), tuple(img_shape), clips)
