"""Both breasts of a pair laid on one another, coarsely."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS

from mammo_plugins.structures.geometry import scale_homography, shift_homography

from ..breast_region import find_breast_mask
from .pair_grid import resample
from .view_geometry import move_view


class _BreastPlace(NamedTuple):
    """Rows of a breast's box, its middle, and the row that is laid on that of the other side."""

    top: float
    bottom: float
    anchor: float


@TRANSFORMS.register_module()
class AlignSides(BaseTransform):
    """Scales and shifts the sides of a pair so that their breasts are equally high and lie at one height.

    Each side goes half of the way: it is scaled, alike along both axes, to the geometric mean of both heights, and
    moved along the chest wall until the nipples lie at one height where both are annotated, else the middles of the
    boxes. The chest wall stays at the left edge. Both get frames of one size that hold both breasts; what comes in
    from outside is 0. A side in which no breast is found leaves the pair as it is.

    Comes first in a pipeline, on images that loading has turned (``OrientCanonical``). It is not random, and swapping
    the sides swaps the results.

    Source: DisAsymNet, section 1, says that pairs do not match pixel by pixel; it aligns nothing, and this is ours.

    Args:
        use_nipples: whether annotated nipples are used.
    """

    def __init__(self, use_nipples: bool = True) -> None:
        self.use_nipples = use_nipples

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Aligns the views of a pair.

        Raises:
            ValueError: the case is no pair of both sides.
        """
        views = results['views']
        if results.get('group_by') != 'bilateral' or len(views) != 2:
            raise ValueError(
                f'AlignSides is for pairs of group_by="bilateral", got {results.get("group_by")!r} with {len(views)} '
                'images'
            )
        places = self._places(views)
        if places is None:
            return results
        height = np.sqrt(np.prod([place.bottom - place.top for place in places]))
        factors = [height / (place.bottom - place.top) for place in places]
        anchors = [factor * place.anchor for factor, place in zip(factors, places)]
        # Frames move down only, so that nothing is cut at the top.
        shifts = [max(anchors) - anchor for anchor in anchors]
        sizes = [
            (shift + factor * view['img_shape'][0], factor * view['img_shape'][1])
            for view, factor, shift in zip(views, factors, shifts)
        ]
        shape = tuple(int(np.ceil(max(lengths) - 1e-6)) for lengths in zip(*sizes))
        for view, factor, shift in zip(views, factors, shifts):
            homography = shift_homography(0, shift) @ scale_homography(factor, factor)
            move_view(view, resample(view['img'], homography, shape), homography)
        return results

    def _places(self, views: list[dict[str, Any]]) -> list[_BreastPlace] | None:
        boxes = [np.flatnonzero(find_breast_mask(view['img'].max(axis=0)).any(axis=1)) for view in views]
        if not all(len(rows) for rows in boxes):
            return None
        nipples = [view.get('nipple_xy') for view in views]
        known = self.use_nipples and all(nipple is not None for nipple in nipples)
        places = []
        for view, rows, nipple in zip(views, boxes, nipples):
            top, bottom = float(rows[0]), float(rows[-1] + 1)
            middle = (top + bottom) / 2
            anchor = (view['homography_matrix'] @ [*nipple, 1.0])[1] if known else middle
            places.append(_BreastPlace(top, bottom, float(anchor)))
        return places
