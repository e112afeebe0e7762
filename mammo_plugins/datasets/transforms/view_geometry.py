"""The one way in which a transform moves a view: image, boxes and record together."""

from __future__ import annotations

from typing import Any

import numpy as np

from mammo_plugins.structures.geometry import project_boxes


def move_view(view: dict[str, Any], img: np.ndarray, homography: np.ndarray) -> None:
    """Puts a moved image into a view, moves its boxes, and appends to its record.

    Args:
        view: changed in place.
        img: (S, H', W') the image after the step.
        homography: (3, 3) pixels before to pixels after the step (see ``structures.geometry`` for the frame).
    """
    view['img'] = img
    view['img_shape'] = img.shape[-2:]
    view['gt_bboxes'] = project_boxes(view['gt_bboxes'], homography)
    view['homography_matrix'] = homography @ view['homography_matrix']


def select_findings(view: dict[str, Any], keep: np.ndarray) -> None:
    """Keeps the target findings for which ``keep`` (n,) is true."""
    for key in ('gt_bboxes', 'gt_bboxes_labels', 'gt_slices', 'gt_slice_ranges'):
        view[key] = view[key][keep]
    view['gt_lesion_ids'] = [name for name, is_kept in zip(view['gt_lesion_ids'], keep, strict=True) if is_kept]
