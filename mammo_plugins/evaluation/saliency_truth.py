"""Annotated regions in the frame of a saliency map."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from .saliency_files import SaliencyMap

if TYPE_CHECKING:
    from mammo_plugins.io import FindingRecord, ImageRecord

ANY = ('any', 'abnormal')


def findings_of_class(findings: Iterable[FindingRecord], category: str) -> list[FindingRecord]:
    """The findings that a map speaks of: of a category, of a type (``mass``), or all (``any``, ``abnormal``)."""
    return [f for f in findings if category in ANY or category in (f.category, f.attributes.get('type'))]


def truth_on_map(entry: SaliencyMap, findings: Iterable[FindingRecord], image: ImageRecord) -> np.ndarray:
    """(h, w) bool pixels of a map whose centre lies in a finding: in its outline where it has one, else in its box.

    Args:
        entry: the map.
        findings: those that it should show; their union counts.
        image: what they are in.
    """
    x, y = entry.stored_points()
    region = np.zeros(entry.shape, bool)
    for finding in findings:
        if finding.segmentation:
            region |= _inside_outline(finding.segmentation, x, y, image.height, image.width)
        else:
            left, top, width, height = finding.bbox_xywh
            region |= (x >= left) & (x < left + width) & (y >= top) & (y < top + height)
    return region


def _inside_outline(outline: object, x: np.ndarray, y: np.ndarray, height: int, width: int) -> np.ndarray:
    from pycocotools import mask as coco_mask  # only where there are outlines

    if isinstance(outline, dict):
        encoded = coco_mask.frPyObjects(outline, height, width) if isinstance(outline['counts'], list) else outline
    else:
        encoded = coco_mask.merge(coco_mask.frPyObjects(outline, height, width))
    stored = coco_mask.decode(encoded).astype(bool)
    column, row = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    within = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    inside = np.zeros(x.shape, bool)
    inside[within] = stored[row[within], column[within]]
    return inside
