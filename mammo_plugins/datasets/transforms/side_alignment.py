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

NO_BREAST = 'a pair that is not aligned, since no breast is found in one of its sides'
NO_NIPPLES = "a pair that is aligned by its breasts' boxes, since nipples are not annotated on both sides"


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

    Where it had to do without nipples or breasts, each view has ``input_note``, which its prediction carries on
    (``pred_note``): files that nobody annotated, as ``mammo predict`` reads them, have no nipples.

    Comes first in a pipeline, on images that loading has turned (``OrientCanonical``). It is not random, and swapping
    the sides swaps the results.

    Source: DisAsymNet, section 1, says that pairs do not match pixel by pixel; it aligns nothing, and this is ours.

    Args:
        use_nipples: whether annotated nipples are used. ``mammo predict`` knows none: without them here too, all
            commands align alike.
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
                'images: set group_by="bilateral", and incomplete="drop" where a side may be missing'
            )
        boxes = [np.flatnonzero(find_breast_mask(view['img'].max(axis=0)).any(axis=1)) for view in views]
        if not all(len(rows) for rows in boxes):
            _note(views, NO_BREAST)
            return results
        with_nipples = all(view.get('nipple_xy') is not None for view in views)
        if self.use_nipples and not with_nipples:
            _note(views, NO_NIPPLES)
        places = [self._place(view, rows, self.use_nipples and with_nipples) for view, rows in zip(views, boxes)]
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

    @staticmethod
    def _place(view: dict[str, Any], rows: np.ndarray, by_nipple: bool) -> _BreastPlace:
        top, bottom = float(rows[0]), float(rows[-1] + 1)
        anchor = (view['homography_matrix'] @ [*view['nipple_xy'], 1.0])[1] if by_nipple else (top + bottom) / 2
        return _BreastPlace(top, bottom, float(anchor))


def _note(views: list[dict[str, Any]], text: str) -> None:
    for view in views:
        view['input_note'] = text
