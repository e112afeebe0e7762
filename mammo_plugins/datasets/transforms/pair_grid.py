"""One grid for the images of one view: a synthetic mammogram and its FFDM, pixel on pixel.

Glossary: the frame of an image is its whole canonical picture; the grid is what a network gets to see of both.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS

from mammo_plugins.structures.geometry import project_boxes, scale_homography, shift_homography
from mammo_plugins.structures.view_partners import ASPECT_TOLERANCE, shows_same_field

from ..breast_region import find_breast_mask
from .breast_crop import CropBreast
from .resize import ResizeBreast
from .view_geometry import move_view


@TRANSFORMS.register_module()
class ShareGrid(BaseTransform):
    """Brings the synthetic mammogram and the FFDM of a view onto one grid, cropped to the breast and resized.

    The two pictures of one exposure show the same field: where the aspect ratios of the stored images agree within
    0.5 % and both have the chest wall on the same stored side, the whole frame of one is scaled to that of the other.
    Else their pixel spacings give the scale, the chest wall edge the place across, and the breasts' outlines the place
    along the chest wall. Nothing is deformed. The breast is looked for once, in the FFDM, and the same window cut from
    both. A case of one image is cropped to its own breast.

    Comes first in a pipeline; loading must turn (``OrientCanonical``) and must not crop. It is not random.

    Source: pairs of EMBED are related by scaling alone; see ``docs/cases.md``.

    Args:
        width, max_length: of the grid, see :class:`ResizeBreast`.
        margin: around the breast, see :class:`CropBreast`.

    Raises:
        ValueError: (on a case) its images have no common frame; names both files and the numbers.
    """

    def __init__(self, width: int = 1100, max_length: int = 2200, margin: float = 0.02) -> None:
        self.size = ResizeBreast(width, max_length)
        self.crop = CropBreast(margin)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Brings the views of a case onto the grid of its FFDM.

        Raises:
            ValueError: the views are no pair of modalities, were cropped before, or cannot be brought onto one grid.
        """
        views = results['views']
        if len(views) > 1 and results.get('group_by') != 'modalities':
            raise ValueError(f'ShareGrid is for group_by="modalities", got {results.get("group_by")!r}')
        for view in views:
            _check_whole(view)
        reference = next((view for view in views if view['modality'] == 'FFDM'), views[0])
        try:
            window = self.crop.find_breast(reference['img'].max(axis=0))
        except ValueError as error:
            raise ValueError(f'{reference["img_path"]}: {error}') from error
        cut = window.bottom - window.top, window.right - window.left
        shape = self.size.new_shape(*cut)
        to_grid = scale_homography(shape[1] / cut[1], shape[0] / cut[0]) @ shift_homography(-window.left, -window.top)
        moves = [to_grid if view is reference else to_grid @ relate_frames(view, reference) for view in views]
        for view, homography in zip(views, moves, strict=True):
            move_view(view, resample(view['img'], homography, shape), homography, clips=True)
        results['one_grid'] = True
        return results


def check_one_grid(results: dict[str, Any]) -> None:
    """Makes sure that paired images of one view lie on one grid.

    Raises:
        ValueError: they do not.
    """
    views = results['views']
    if results.get('group_by') != 'modalities' or len(views) < 2:
        return
    shapes = {tuple(view['img_shape']) for view in views}
    if not results.get('one_grid') or len(shapes) > 1:
        raise ValueError(
            f'case {results["case_id"]}: the images of one view must lie on one grid, and have {sorted(shapes)} '
            '(height, width) pixels of their own: let the pipeline start with ShareGrid, and keep CropBreast out of '
            'loading'
        )


def relate_frames(view: dict[str, Any], reference: dict[str, Any]) -> np.ndarray:
    """(3, 3) from the frame of one image to that of another image of the same view, both canonical and whole.

    Raises:
        ValueError: nothing relates them; names both files and the numbers.
    """
    if shows_same_field(view['ori_shape'], reference['ori_shape']) and _wall_side(view) == _wall_side(reference):
        (old_height, old_width), (height, width) = view['img_shape'], reference['img_shape']
        return scale_homography(width / old_width, height / old_height)
    if view['spacing_mm'] is None or reference['spacing_mm'] is None:
        raise ValueError(
            f'{view["img_path"]} and {reference["img_path"]} have no common frame: {_describe(view)} beside '
            f'{_describe(reference)}; aspect ratios must agree within {ASPECT_TOLERANCE:.1%} with the chest wall on '
            'the same stored side, or both spacings be known'
        )
    own, other = _current_spacing(view), _current_spacing(reference)
    scale_y, scale_x = own[0] / other[0], own[1] / other[1]
    shift_y = _find_shift(view['img'].max(axis=0), reference['img'].max(axis=0), scale_y, scale_x)
    return shift_homography(0, shift_y) @ scale_homography(scale_x, scale_y)


def resample(img: np.ndarray, homography: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """An image after a shift and a scale; shrinking averages over areas, what comes in from outside is 0.

    Args:
        img: (S, H, W).
        homography: (3, 3), no flips.
        shape: (H', W') of the result.
    """
    height, width = img.shape[-2:]
    corners = project_boxes(np.array([0.0, 0.0, shape[1], shape[0]]), np.linalg.inv(homography))
    # Rounding errors must not add a row or column to a window that is whole.
    left, top = (max(0, int(np.floor(value + 1e-6))) for value in corners[:2])
    right, bottom = (min(end, int(np.ceil(value - 1e-6))) for value, end in zip(corners[2:], (width, height)))
    if right <= left or bottom <= top:
        return np.zeros((len(img), *shape), img.dtype)
    scale_x, scale_y = homography[0, 0], homography[1, 1]
    size = max(1, round(scale_x * (right - left))), max(1, round(scale_y * (bottom - top)))
    interpolation = cv2.INTER_AREA if min(scale_x, scale_y) < 1 else cv2.INTER_LINEAR
    rest = (
        homography @ shift_homography(left, top) @ scale_homography((right - left) / size[0], (bottom - top) / size[1])
    )
    is_done = size == (shape[1], shape[0]) and np.allclose(rest, np.eye(3), atol=1e-6)
    # OpenCV counts from the centre of the first pixel, homographies here from its outer edge.
    centres = shift_homography(-0.5, -0.5) @ rest @ shift_homography(0.5, 0.5)
    moved = np.empty((len(img), *shape), img.dtype)
    for old, new in zip(img, moved):
        part = np.ascontiguousarray(old[top:bottom, left:right])
        part = cv2.resize(part, size, interpolation=interpolation)
        new[...] = part if is_done else cv2.warpAffine(part, centres[:2], (shape[1], shape[0]), flags=cv2.INTER_LINEAR)
    return moved


def _check_whole(view: dict[str, Any]) -> None:
    if any(step.clips for step in view['geometry_steps']):
        raise ValueError(
            f'{view["img_path"]} was cropped while loading, so its frame is lost: take CropBreast out of loading, '
            'ShareGrid crops both images of a pair alike'
        )


def _wall_side(view: dict[str, Any]) -> str:
    """Where the chest wall lies in the stored image; canonical images have it on the left."""
    return 'left' if view['homography_matrix'][0, 0] > 0 else 'right'


def _describe(view: dict[str, Any]) -> str:
    height, width = view['ori_shape']
    spacing = 'unknown' if view['spacing_mm'] is None else ' x '.join(f'{value:g}' for value in view['spacing_mm'])
    return (
        f'{view["modality"]} of {width} x {height} pixels (height / width {height / width:.4f}), chest wall '
        f'{_wall_side(view)}, spacing {spacing} mm'
    )


def _current_spacing(view: dict[str, Any]) -> tuple[float, float]:
    """(row, column) distance of pixel centres after what loading did to the image's size."""
    homography = view['homography_matrix']
    return view['spacing_mm'][0] / abs(homography[1, 1]), view['spacing_mm'][1] / abs(homography[0, 0])


def _find_shift(own: np.ndarray, other: np.ndarray, scale_y: float, scale_x: float) -> float:
    """Rows of ``other`` by which the breast lies lower there than in ``own`` scaled to it.

    The breasts' widths, row by row, are laid where they differ least over the rows that both frames have, so that a
    breast of which one frame shows less at an end is placed by what both show. Frames share half of the smaller at
    least; of equally good places the uppermost is taken.
    """
    widths = find_breast_mask(own).sum(axis=1) * scale_x
    rows = np.arange(round(len(widths) * scale_y)) + 0.5
    profile = np.interp(rows / scale_y - 0.5, np.arange(len(widths)), widths)
    target = find_breast_mask(other).sum(axis=1).astype(np.float64)
    shifts = np.arange(-len(profile) + 1, len(target))
    first, last = shifts.clip(0), np.minimum(len(target), len(profile) + shifts)
    squares, own_squares = (np.concatenate([[0], np.cumsum(values**2)]) for values in (target, profile))
    difference = (
        squares[last] - squares[first] + own_squares[last - shifts] - own_squares[first - shifts]
        - 2 * np.correlate(target, profile, mode='full')
    )  # fmt: skip
    shared = last - first
    difference = np.where(shared >= min(len(target), len(profile)) / 2, difference / shared, np.inf)
    return float(shifts[difference.round(6).argmin()])
