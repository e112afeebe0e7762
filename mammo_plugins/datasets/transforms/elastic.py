"""Random elastic deformation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from mmdet.registry import TRANSFORMS

from .random_view import COMPARED, RandomViewTransform, check_probability
from .view_geometry import clip_findings

_POINTS = 33  # on a side of a box
_STEPS = 30


@TRANSFORMS.register_module()
class RandomElastic(RandomViewTransform):
    """Moves every pixel by a smooth random field; what comes in from outside is 0.

    Boxes become the upright ones around the moved outlines of the boxes. A deformation has no homography: the view's
    record stays that of the image before it, so that it is for training alone. Outlines of findings cannot be moved.

    Source: BigAug (Zhang et al. 2020), deformation; the numbers are this project's, since theirs fold the image where
    they are large.

    Args:
        shift: most that a pixel moves, in pixels; drawn up to it.
        sigma: standard deviation of the Gaussian that smooths the field, in pixels; at least ``shift``, so that
            nothing folds.
        prob: how often a view is changed.

    Raises:
        ValueError: a number is out of range, or (on a view) findings have outlines.
    """

    shared_by = COMPARED

    def __init__(self, shift: float = 10.0, sigma: float = 30.0, prob: float = 0.5) -> None:
        if not 0 < shift <= sigma:
            raise ValueError(f'0 < shift <= sigma is needed, got {shift=}, {sigma=}')
        self.shift, self.sigma, self.prob = shift, sigma, check_probability(prob)

    def sample_parameters(self, rng: np.random.Generator, view: dict[str, Any]) -> dict[str, Any]:
        return self.sample_shared(rng, [view])

    def sample_shared(self, rng: np.random.Generator, views: Sequence[dict[str, Any]]) -> dict[str, Any]:
        changed, shift, seed = rng.random() < self.prob, float(rng.uniform(0, self.shift)), int(rng.integers(2**63))
        return dict(shift=shift if changed else None, seed=seed)

    def apply(self, view: dict[str, Any], shift: float | None, seed: int) -> None:
        """Moves pixels and boxes by a smooth field of at most ``shift`` pixels; None leaves the view as it is."""
        if 'gt_segmentations' in view:
            raise ValueError('RandomElastic moves boxes, not outlines: leave masks out of the data set')
        if shift is None:
            return
        height, width = view['img_shape']
        field = self._field(np.random.default_rng(seed), height, width, shift)
        rows, columns = np.mgrid[:height, :width].astype(np.float32)
        maps = columns + field[..., 0], rows + field[..., 1]
        view['img'] = np.stack([cv2.remap(pixels, *maps, cv2.INTER_LINEAR) for pixels in view['img']])
        if len(view['gt_bboxes']):
            view['gt_bboxes'] = np.stack([_moved_box(box, field) for box in view['gt_bboxes'].astype(np.float64)])
            view['gt_bboxes'] = view['gt_bboxes'].astype(np.float32)
        clip_findings(view)

    def _field(self, rng: np.random.Generator, height: int, width: int, shift: float) -> np.ndarray:
        """(H, W, 2) where each pixel comes from, as x and y from itself; the longest is ``shift``."""
        noise = rng.uniform(-1, 1, (height, width, 2)).astype(np.float32)
        smooth = np.stack([cv2.GaussianBlur(noise[..., axis], (0, 0), self.sigma) for axis in (0, 1)], axis=-1)
        return smooth * np.float32(shift / np.linalg.norm(smooth, axis=-1).max())


def _moved_box(box: np.ndarray, field: np.ndarray) -> np.ndarray:
    """(4,) the upright box around where the outline of a box went: p with p + field(p) = outline, by iteration."""
    left, top, right, bottom = box
    along = np.linspace(0, 1, _POINTS)
    x, y = left + (right - left) * along, top + (bottom - top) * along
    outline = np.concatenate([
        np.stack([x, np.full(_POINTS, top)], 1), np.stack([x, np.full(_POINTS, bottom)], 1),
        np.stack([np.full(_POINTS, left), y], 1), np.stack([np.full(_POINTS, right), y], 1),
    ])  # fmt: skip
    moved = outline
    for _ in range(_STEPS):
        moved = outline - _read(field, moved)
    return np.concatenate([moved.min(axis=0), moved.max(axis=0)])


def _read(field: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(P, 2) a field at points, between pixels linearly; a pixel's centre lies at its index + 0.5."""
    at = (points - 0.5).astype(np.float32)
    return cv2.remap(field, at[None, :, 0], at[None, :, 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[0]
