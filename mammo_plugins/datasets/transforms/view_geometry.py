"""The one way in which a transform moves a view: image, boxes and record together.

Glossary: n target findings.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from mammo_plugins.structures.geometry import project_boxes


class GeometryStep(NamedTuple):
    """What a transform did to the geometry of a view.

    Attributes:
        homography: (3, 3) pixels before to pixels after the step (see ``structures.geometry`` for the frame).
        img_shape: (H, W) after it.
        clips: whether boxes end at the new border, and findings outside it are no targets any more.
    """

    homography: np.ndarray
    img_shape: tuple[int, int]
    clips: bool = False


def move_view(view: dict[str, Any], img: np.ndarray, homography: np.ndarray, clips: bool = False) -> None:
    """Puts a moved image into a view, moves its boxes, and appends to its record.

    Args:
        view: changed in place.
        img: (S, H', W') the image after the step.
        homography, clips: see :class:`GeometryStep`. Findings that were cut or lost by clipping are counted in
            ``num_findings_clipped`` and ``num_findings_lost``.
    """
    view['img'] = img
    _move_record(view, GeometryStep(homography, img.shape[-2:], clips))


def replay_geometry(view: dict[str, Any], steps: Iterable[GeometryStep]) -> None:
    """Moves boxes and record of a view as the transforms did whose steps these are; the image is left alone."""
    for step in steps:
        _move_record(view, step)


def select_findings(view: dict[str, Any], keep: np.ndarray) -> None:
    """Keeps the target findings for which ``keep`` (n,) is true."""
    for key in ('gt_bboxes', 'gt_bboxes_labels', 'gt_slices', 'gt_slice_ranges'):
        view[key] = view[key][keep]
    for key in ('gt_lesion_ids', 'gt_segmentations'):
        if key in view:
            view[key] = [value for value, is_kept in zip(view[key], keep, strict=True) if is_kept]


def _move_record(view: dict[str, Any], step: GeometryStep) -> None:
    view['img_shape'] = step.img_shape
    view['gt_bboxes'] = project_boxes(view['gt_bboxes'], step.homography)
    view['homography_matrix'] = step.homography @ view['homography_matrix']
    view['geometry_steps'] = [*view.get('geometry_steps', ()), step]
    if step.clips:
        clip_findings(view)


def clip_findings(view: dict[str, Any]) -> None:
    """Ends boxes at the border; findings outside it are no targets any more. See :func:`move_view`."""
    height, width = view['img_shape']
    boxes = view['gt_bboxes']
    clipped = boxes.clip(0, np.array([width, height, width, height], dtype=boxes.dtype))
    inside = (clipped[:, 2] > clipped[:, 0]) & (clipped[:, 3] > clipped[:, 1])
    view['num_findings_clipped'] = int(((clipped != boxes).any(axis=1) & inside).sum())
    view['num_findings_lost'] = int((~inside).sum())
    view['gt_bboxes'] = clipped
    select_findings(view, inside)
