"""Which predicted boxes hit which annotated findings of one image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mammo_plugins.evaluation import get_protocol
from mammo_plugins.evaluation.hit_rules import CandidatePairs
from mammo_plugins.io.coco_volume import FindingRecord


def finding_corners(findings: Sequence[FindingRecord]) -> np.ndarray:
    """(m, 4) boxes xyxy in stored pixels, float64."""
    boxes = np.array([finding.bbox_xywh for finding in findings], dtype=np.float64).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    return boxes


def finding_hits(
    boxes_xyxy: np.ndarray, slices: np.ndarray, findings: Sequence[FindingRecord], num_slices: int, protocol: str
) -> np.ndarray:
    """(n, m) whether each box hits each finding under the hit rule of a protocol.

    Args:
        boxes_xyxy: (n, 4) in stored pixels.
        slices: (n,) stored slice of each box.
        findings: the m findings, all of the image that the boxes were found in.
        num_slices: stored slices of the image.
        protocol: a name, see :mod:`mammo_plugins.evaluation.protocols`.
    """
    count, targets = len(boxes_xyxy), len(findings)
    ranges = np.array([finding.slice_range or (np.nan, np.nan) for finding in findings], dtype=float).reshape(-1, 2)
    boxes_xywh = np.concatenate([boxes_xyxy[:, :2], boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]], axis=1)
    true_xywh = np.array([finding.bbox_xywh for finding in findings], dtype=float).reshape(-1, 4)
    pairs = CandidatePairs(
        predicted_boxes=np.repeat(boxes_xywh, targets, axis=0),
        z=np.repeat(slices.astype(float), targets),
        depth=np.ones(count * targets),
        true_boxes=np.tile(true_xywh, (count, 1)),
        true_slice=np.tile([float(finding.slice_index or 0) for finding in findings], count),
        first_slice=np.tile(ranges[:, 0], count),
        last_slice=np.tile(ranges[:, 1], count),
        num_slices=np.full(count * targets, num_slices),
    )
    hit, _ = get_protocol(protocol).hit(pairs)
    return hit.reshape(count, targets)
