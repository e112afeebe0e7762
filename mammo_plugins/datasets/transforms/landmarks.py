"""Finding nipple and chest wall of every view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS

from mammo_plugins.structures import ViewKey
from mammo_plugins.structures.breast_landmarks import ANNOTATED, ESTIMATED, BreastLandmarks

from ..breast_landmarks import estimate_landmarks

_USABLE = (ANNOTATED, ESTIMATED)


@TRANSFORMS.register_module()
class LocateLandmarks(BaseTransform):
    """Adds ``landmarks`` to each view: nipple and chest wall in stored pixels, with their sources.

    Must come before anything random in ``pipeline``, since it reads canonical images. Annotated points are taken where
    the annotation file has them; what is missing is estimated from the image.

    Args:
        sources: ``annotated`` and ``estimated``, or one of them. With ``annotated`` alone a view without annotated
            points is an error; with ``estimated`` alone annotated points are not looked at.
        noise_mm: mean error to add, to see how exact landmarks must be. It depends on the image and ``seed`` alone.
        seed: of the errors.
        pixel_mm: size of a stored pixel where the annotation file does not say; None makes such images an error.

    Raises:
        ValueError: an argument is out of range, or (on a case) a view lacks points, a size or a breast.
    """

    def __init__(
        self,
        sources: Sequence[str] = _USABLE,
        noise_mm: float = 0.0,
        seed: int = 0,
        pixel_mm: float | None = None,
    ) -> None:
        if isinstance(sources, str) or not sources or set(sources) - set(_USABLE):
            raise ValueError(f'sources is a list of {" and ".join(_USABLE)}, got {sources!r}')
        if noise_mm < 0 or (pixel_mm is not None and pixel_mm <= 0):
            raise ValueError(f'out of range: {noise_mm=}, {pixel_mm=}')
        self.sources, self.noise_mm, self.seed, self.pixel_mm = tuple(sources), noise_mm, seed, pixel_mm

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        for view in results['views']:
            view['landmarks'] = self.locate(view)
        return results

    def locate(self, view: dict[str, Any]) -> BreastLandmarks:
        """Landmarks of a loaded view, in stored pixels."""
        stored_mm = self._stored_mm(view)
        nipple, wall = (view.get(name) for name in ('nipple_xy', 'chest_wall_xyxy'))
        if ANNOTATED not in self.sources:
            nipple = wall = None
        if nipple and wall:
            landmarks = BreastLandmarks(tuple(nipple), tuple(wall), ANNOTATED, ANNOTATED)
        elif ESTIMATED in self.sources:
            landmarks = self._estimated(view, stored_mm)
            if nipple:
                landmarks = replace(landmarks, nipple_xy=tuple(nipple), nipple_source=ANNOTATED)
            if wall:
                landmarks = replace(landmarks, chest_wall_xyxy=tuple(wall), chest_wall_source=ANNOTATED)
        else:
            raise ValueError(f"{view['img_path']}: no annotated nipple and chest wall: add 'estimated' to sources")
        if self.noise_mm:
            rng = np.random.default_rng([self.seed, int(view['image_id'])])
            landmarks = landmarks.shaken(rng, self.noise_mm, stored_mm)
        return landmarks

    def _stored_mm(self, view: dict[str, Any]) -> tuple[float, float]:
        """Size of a stored pixel along x and y."""
        if view['spacing_mm'] is not None:
            return float(view['spacing_mm'][1]), float(view['spacing_mm'][0])
        if self.pixel_mm is None:
            raise ValueError(f'{view["img_path"]}: the size of its pixels is not known: give pixel_mm')
        return self.pixel_mm, self.pixel_mm

    @staticmethod
    def _estimated(view: dict[str, Any], stored_mm: tuple[float, float]) -> BreastLandmarks:
        homography = view['homography_matrix']
        scale = np.abs(np.diag(homography)[:2])
        try:
            found = estimate_landmarks(
                view['img'].max(axis=0), ViewKey.parse(view['view']).position.value, tuple(stored_mm / scale)
            )
        except ValueError as error:
            raise ValueError(f'{view["img_path"]}: {error}') from error
        return found.moved(np.linalg.inv(homography))
