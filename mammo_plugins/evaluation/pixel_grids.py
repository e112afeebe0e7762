"""On whose pixels a distance is measured, where a view is shown on several grids."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mammo_plugins.structures.view_partners import pair_by_time, pixel_ratio, shown_view

from .hit_rules import OWN

if TYPE_CHECKING:
    from mammo_plugins.io import AnnotationSet, ImageRecord


class PixelGrids:
    """How long the pixels of the grids of one view are, in stored pixels of each evaluated image.

    Args:
        annotations: the I evaluated images; the images that show their views in other modalities are looked for in the
            whole set that they were selected from.
    """

    def __init__(self, annotations: AnnotationSet) -> None:
        self._images = annotations.images
        self._whole = annotations if annotations.whole is None else annotations.whole

    def own_pixels(self, pixels_of: str) -> np.ndarray:
        """(I,) stored pixels of each image that one pixel of a grid is long, NaN where nothing tells.

        Args:
            pixels_of: ``own``, or the modality whose image of the view has the grid.
        """
        if pixels_of == OWN:
            return np.ones(len(self._images))
        views = self._views()
        return np.array([self._ratio(image, pixels_of, views) for image in self._images], np.float64)

    def why_unknown(self, position: int, pixels_of: str) -> str:
        """Why nothing tells the pixels of an image, such as ``no FFDM image shows its view``."""
        candidates = self._views()[shown_view(self._images[position])].get(pixels_of)
        if not candidates:
            return f'no {pixels_of} image of {self._whole.path or "the annotation file"} shows its view'
        if len(candidates) == 1:
            return (
                f'its {pixels_of} image has another aspect ratio, and the pixel spacing (spacing_mm) of one of them is '
                'not known'
            )
        return f'{len(candidates)} {pixels_of} images show its view, and neither sizes nor times tell which is meant'

    def _views(self) -> dict[tuple[str, str, str], dict[str, list[ImageRecord]]]:
        """View to modality to the images that show it."""
        views: dict[tuple[str, str, str], dict[str, list[ImageRecord]]] = defaultdict(lambda: defaultdict(list))
        for image in self._whole.images:
            views[shown_view(image)][image.modality].append(image)
        return views

    def _ratio(self, image: ImageRecord, pixels_of: str, views: dict) -> float:
        if image.modality == pixels_of:
            return 1.0
        of_view = views[shown_view(image)]
        ratios = [pixel_ratio(image, partner) for partner in of_view[pixels_of]]
        known = [ratio for ratio in ratios if ratio is not None]
        if len(known) == len(ratios) and known and np.ptp(known) == 0:
            return known[0]
        partner = _partner(image, of_view[image.modality], of_view[pixels_of])
        ratio = None if partner is None else pixel_ratio(image, partner)
        return np.nan if ratio is None else ratio


def _partner(image: ImageRecord, own: Sequence[ImageRecord], others: Sequence[ImageRecord]) -> ImageRecord | None:
    pairs = pair_by_time(own, others) if others else None
    return next((others[j] for i, j in pairs or () if own[i].id == image.id), None)
