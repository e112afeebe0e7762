"""Pairs that are asymmetric because tumours of other patients were blended into them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TASK_UTILS, TRANSFORMS

from ..breast_region import find_breast_mask
from ..synthesis.tumour_bank import TumourBank

LABEL = 'abnormal'
BLENDINGS = ('over', 'literal')
_SIGMAS = 2.0
"""From the middle of a patch to its edge: sigma is a quarter of the size."""

Placed = tuple[np.ndarray, np.ndarray]
"""(H, W) tumour and (H, W) alpha, both 0 away from the tumour."""


@TRANSFORMS.register_module()
class InsertTumours(BaseTransform):
    """Gives pairs whose sides are both normal a synthetic counterpart (``img_synthetic`` of each view).

    One side or both, as likely as each other, get one to ``most`` tumours at random places that lie in the breast as a
    whole where there is such a place. ``img`` and the labels stay as they are. Comes last before packing; pairs that
    are not known to be normal pass unchanged.

    Source: DisAsymNet, section 2.3.

    Args:
        bank: a ``TumourBank``, or its config.
        most: tumours of a side at most.
        blending: ``over`` lays one tumour over another; ``literal`` is the paper's formula, which exceeds 1 where
            bright tumours overlap and is cut off there. For tumours apart both are one.
        pixel_mm: spacing of stored pixels where the file does not say.

    Raises:
        ValueError: an argument is out of range; (on a pair) the spacing is unknown, or the patient is in the bank.
    """

    def __init__(
        self, bank: TumourBank | dict, most: int = 3, blending: str = 'over', pixel_mm: float | None = None
    ) -> None:
        if blending not in BLENDINGS or most < 1:
            raise ValueError(f'blending is one of {", ".join(BLENDINGS)} and most at least 1, got {blending=}, {most=}')
        self.bank: TumourBank = _build(bank) if isinstance(bank, dict) else bank
        self.most, self.blending, self.pixel_mm = most, blending, pixel_mm

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Adds ``img_synthetic`` to both views of a pair that is known to be normal; other cases pass unchanged."""
        views = results['views']
        self.bank.require_others(results['patient_id'], results['study_uid'])
        if results.get('group_by') != 'bilateral' or len(views) != 2:
            return results
        if any(view['gt_labels'].get(LABEL) != 0 for view in views):
            return results
        if 'rng' not in results:
            raise ValueError('InsertTumours is random: it belongs in the pipeline of a training data set')
        rng: np.random.Generator = results['rng']
        chosen = ((0,), (1,), (0, 1))[rng.integers(3)]
        for side, view in enumerate(views):
            view['img_synthetic'] = view['img']
            if side in chosen:
                placed = self._place_tumours(rng, view)
                view['img_synthetic'] = blend(view['img'][0], placed, self.blending)[None]
        return results

    def _place_tumours(self, rng: np.random.Generator, view: dict[str, Any]) -> list[Placed]:
        mask = find_breast_mask(view['img'][0])
        if not mask.any():
            return []
        row_mm, column_mm = self._spacing(view)
        placed = []
        for _ in range(rng.integers(1, self.most + 1)):
            index = int(rng.integers(len(self.bank)))
            record = self.bank.tumours[index]
            size = [max(3, round(mm / spacing)) for mm, spacing in
                    ((record.height_mm, row_mm), (record.width_mm, column_mm))]  # fmt: skip
            patch = cv2.resize(self.bank.read(index), size[::-1], interpolation=cv2.INTER_AREA)
            placed.append(_lay(patch, _pick_place(rng, mask, size), mask.shape))
        return placed

    def _spacing(self, view: dict[str, Any]) -> tuple[float, float]:
        """(row, column) mm of the pixels that loading and moving left."""
        stored = view.get('spacing_mm') or (None if self.pixel_mm is None else (self.pixel_mm, self.pixel_mm))
        if stored is None:
            raise ValueError(f'{view["img_path"]} has no pixel spacing: give InsertTumours pixel_mm')
        homography = view['homography_matrix']
        return stored[0] / abs(homography[1, 1]), stored[1] / abs(homography[0, 0])


def alpha_window(height: int, width: int) -> np.ndarray:
    """(height, width) opacity: a Gaussian with sigma of a quarter of the size, 1 in the middle.

    What it is at the middle of the patch edge (0.135) is taken off and the rest scaled, so that nothing of a box
    remains: the outermost pixels are 0.
    """
    rows, columns = (np.linspace(-_SIGMAS, _SIGMAS, count) for count in (height, width))
    gaussian = np.exp(-0.5 * (rows[:, None] ** 2 + columns[None] ** 2))
    edge = np.exp(-0.5 * _SIGMAS**2)
    return ((gaussian - edge) / (1 - edge)).clip(min=0).astype(np.float32)


def blend(image: np.ndarray, placed: Sequence[Placed], blending: str = 'over') -> np.ndarray:
    """An image with tumours blended in.

    Args:
        image: (H, W) intensities in [0, 1].
        placed: tumours with their opacity.
        blending: ``over`` or ``literal``.
    """
    result = image.astype(np.float32, copy=True)
    if blending == 'over':
        for tumour, alpha in placed:
            result += alpha * (tumour - result)
        return result
    for _, alpha in placed:
        result *= 1 - alpha
    for tumour, alpha in placed:
        result += tumour * alpha
    return result.clip(0, 1, out=result)


def _pick_place(rng: np.random.Generator, mask: np.ndarray, size: Sequence[int]) -> tuple[int, int]:
    """Row and column of the middle of a patch."""
    whole = cv2.erode(mask.astype(np.uint8), np.ones(size, np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    rows, columns = np.nonzero(whole if whole.any() else mask)
    index = rng.integers(len(rows))
    return int(rows[index]), int(columns[index])


def _lay(patch: np.ndarray, place: tuple[int, int], shape: tuple[int, ...]) -> Placed:
    """A patch and its opacity where they belong in an image; what lies outside of it is cut off."""
    tumour, alpha = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    own = alpha_window(*patch.shape)
    target, source = [], []
    for middle, size, extent in zip(place, patch.shape, shape):
        start = middle - size // 2
        first, last = max(0, start), min(extent, start + size)
        target.append(slice(first, last))
        source.append(slice(first - start, last - start))
    tumour[tuple(target)], alpha[tuple(target)] = patch[tuple(source)], own[tuple(source)]
    return tumour, alpha


def _build(config: dict[str, Any]) -> TumourBank:
    # As transforms are: looking a name up would import all of mmdet.
    kind = TASK_UTILS.module_dict.get(config['type'], config['type'])
    return TASK_UTILS.build({'_scope_': 'mmdet', **config, 'type': kind})
