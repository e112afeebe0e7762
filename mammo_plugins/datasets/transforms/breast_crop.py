"""Cutting away the background around the breast."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS
from scipy import ndimage

from mammo_plugins.structures.geometry import shift_homography

from ..breast_region import MIN_AREA, PERCENTILES, THRESHOLD, decision_stride, find_breast_region
from .view_geometry import move_view


class CropWindow(NamedTuple):
    """Half-open pixel ranges."""

    left: int
    top: int
    right: int
    bottom: int


@TRANSFORMS.register_module()
class CropBreast(BaseTransform):
    """Crops a view to its breast, seen in the image alone.

    The breast is the largest connected region of the maximum intensity projection above a threshold between the
    darkest and the brightest of its percentiles; labels and markers are other regions. Boxes are never looked at,
    since they are not known for a new patient: a box that reaches outside is clipped, and a finding that lies outside
    altogether is dropped from the targets; both are counted in ``num_findings_clipped`` and ``num_findings_lost``.

    Args:
        margin: added around the breast, as a fraction of its longer side.
        threshold: between the darkest percentile (0) and the brightest (1).
        percentiles: the darkest and the brightest, in percent.
        min_area: smallest fraction of the image that a breast may cover.

    Raises:
        ValueError: an argument is out of range, or (on an image) nothing in it looks like a breast.
    """

    def __init__(
        self,
        margin: float = 0.02,
        threshold: float = THRESHOLD,
        percentiles: tuple[float, float] = PERCENTILES,
        min_area: float = MIN_AREA,
    ) -> None:
        low, high = percentiles
        if margin < 0 or not 0 < threshold < 1 or not 0 <= low < high <= 100 or not 0 <= min_area < 1:
            raise ValueError(f'out of range: {margin=}, {threshold=}, {percentiles=}, {min_area=}')
        self.margin, self.threshold, self.percentiles, self.min_area = margin, threshold, (low, high), min_area

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        window = self.find_breast(results['img'].max(axis=0))
        img = results['img'][:, window.top : window.bottom, window.left : window.right]
        move_view(results, img, shift_homography(-window.left, -window.top), clips=True)
        return results

    def find_breast(self, projection: np.ndarray) -> CropWindow:
        """Where the breast lies in an image.

        Args:
            projection: (H, W), dark background.

        Raises:
            ValueError: nothing is bright and large enough.
        """
        height, width = projection.shape
        stride = decision_stride(projection)
        region = find_breast_region(projection, self.threshold, self.percentiles, self.min_area)
        rows, columns = ndimage.find_objects(region.astype(np.int8))[0]
        margin = stride + round(self.margin * stride * max(rows.stop - rows.start, columns.stop - columns.start))
        return CropWindow(
            max(0, columns.start * stride - margin),
            max(0, rows.start * stride - margin),
            min(width, columns.stop * stride + margin),
            min(height, rows.stop * stride + margin),
        )
