"""Masks of lesions as annotation files hold them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco_mask

from .box_clipping import Box


def encode_mask(mask: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """COCO run-length encoding of a mask (H, W)."""
    encoded = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {'size': [int(size) for size in mask.shape], 'counts': encoded['counts'].decode('ascii')}


def box_of_mask(mask: npt.NDArray[np.bool_]) -> Box | None:
    """(x, y, width, height) around the marked pixels of a mask (H, W), edge to edge; None where it marks none."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    left, top = int(columns[0]), int(rows[0])
    return float(left), float(top), float(columns[-1] + 1 - left), float(rows[-1] + 1 - top)
