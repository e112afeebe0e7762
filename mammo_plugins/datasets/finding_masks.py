"""Outlines of findings as pixel masks, in stored pixels or wherever a geometry record leads."""

from __future__ import annotations

from typing import Any

import numpy as np
from pycocotools import mask as coco_mask


def decode_segmentation(segmentation: Any, height: int, width: int) -> np.ndarray:
    """(H, W) bool mask in stored pixels.

    Args:
        segmentation: COCO polygons, or a run-length encoding (compressed or not).
        height, width: of the stored image.

    Raises:
        ValueError: it is none of these, or an encoding of another size.
    """
    try:
        if isinstance(segmentation, dict) and isinstance(segmentation['counts'], (str, bytes)):
            encoded = segmentation
        else:
            encoded = coco_mask.frPyObjects(segmentation, height, width)
        mask = coco_mask.decode(coco_mask.merge(encoded) if isinstance(encoded, list) else encoded)
    except Exception as error:  # pycocotools raises whatever its bindings cause
        raise ValueError(f'a segmentation that is neither COCO polygons nor a run-length encoding: {error}') from error
    if mask.shape != (height, width):
        raise ValueError(
            f'a mask of {mask.shape[1]} x {mask.shape[0]} pixels for an image of {width} x {height}: convert the data '
            'again'
        )
    return mask.astype(bool)


def move_mask(mask: np.ndarray, homography: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """A mask after flips, shifts and scales, by the nearest pixel; what comes in from outside is false.

    Args:
        mask: (H, W).
        homography: (3, 3) from its pixels to the new ones (see ``structures.geometry`` for the frame).
        shape: (H', W') of the result.

    Raises:
        ValueError: the homography does more than flip, shift and scale.
    """
    if np.count_nonzero(homography[[0, 1, 2, 2], [1, 0, 0, 1]]) or homography[2, 2] != 1:
        raise ValueError(f'masks are moved by flips, shifts and scales only, got {homography.tolist()}')
    moved = mask
    for axis, row in ((0, 1), (1, 0)):
        scale, shift = homography[row, row], homography[row, 2]
        source = np.floor((np.arange(shape[axis]) + 0.5 - shift) / scale).astype(np.int64)
        inside = (source >= 0) & (source < mask.shape[axis])
        taken = np.take(moved, source.clip(0, mask.shape[axis] - 1), axis=axis)
        moved = taken & (inside[:, None] if axis == 0 else inside)
    return moved


def draw_masks(view: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """The masks of a view's findings in its current pixels, and which findings have one.

    Args:
        view: with ``gt_segmentations`` (see ``case_assembly``).

    Returns:
        (n, H, W) uint8, empty where the file has no outline, and (n,) bool.

    Raises:
        ValueError: an outline cannot be read; names the image.
    """
    outlines, shape = view['gt_segmentations'], tuple(view['img_shape'])
    masks = np.zeros((len(outlines), *shape), np.uint8)
    for mask, outline in zip(masks, outlines, strict=True):
        if outline is not None:
            try:
                stored = decode_segmentation(outline, *view['ori_shape'])
            except ValueError as error:
                raise ValueError(f'{view["img_path"]}: {error}') from error
            mask[:] = move_mask(stored, view['homography_matrix'], shape)
    return masks, np.array([outline is not None for outline in outlines], dtype=bool)
