"""COCO's matching of detections to findings, in 2-D and with a slice condition.

Best detection first, each takes the finding of its image that it overlaps most among those that no better one has
taken. A further detection of the same finding is therefore a false positive, unlike in the protocols of detection in
mammography.

Glossary: N predictions, G findings of the target categories.

Source: Lin et al., Microsoft COCO, ECCV 2014; pycocotools is the reference in the tests.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .detection_truth import DetectionTruth
from .functional.coco_average_precision import RankedDetections
from .hit_rules import pairwise_iou, slice_shows_finding
from .image_pairs import candidate_pairs, pairs_of_same_image
from .predictions import Predictions

_MAX_DETECTIONS = 100  # an image, as in COCO


def rank_detections(
    predictions: Predictions,
    image_index: np.ndarray,
    truth: DetectionTruth,
    findings: np.ndarray,
    excluded: np.ndarray,
    min_ious: Sequence[float],
    needs_slice: bool,
) -> list[RankedDetections]:
    """Matches once for each IoU threshold.

    Args:
        predictions: N rows.
        image_index: (N,) image of each row in ``truth``.
        truth: the evaluated images.
        findings: (G,) positions in ``truth`` of the findings to be found.
        excluded: (I,) images that are left out.
        min_ious: T thresholds.
        needs_slice: whether a match also needs a slice that shows the finding.

    Returns:
        T rankings of the detections that count, at most 100 an image.
    """
    ranked = _best_of_each_image(predictions.scores, image_index)
    ranked = ranked[~excluded[image_index[ranked]]]
    place = np.full(len(predictions), -1, np.int64)
    place[ranked] = np.arange(len(ranked))
    row, column = pairs_of_same_image(image_index, truth.image_index[findings])
    row, column = row[place[row] >= 0], column[place[row] >= 0]
    pairs = candidate_pairs(predictions, truth, row, findings[column])
    iou = pairwise_iou(pairs.predicted_boxes, pairs.true_boxes)
    if needs_slice:
        iou = np.where(slice_shows_finding(pairs), iou, -1)
    return [
        RankedDetections(
            is_true=_match_greedily(place[row], column, iou, min_iou, len(ranked)),
            patient=truth.patient_index[image_index[ranked]],
            finding_patient=truth.patient_index[truth.image_index[findings]],
            num_patients=len(truth.patients),
        )
        for min_iou in min_ious
    ]


def _best_of_each_image(scores: np.ndarray, image_index: np.ndarray) -> np.ndarray:
    """Positions of the counted predictions, best first; equal scores in order of image, then of row."""
    by_image = np.lexsort([-scores, image_index])
    start = np.searchsorted(image_index[by_image], image_index[by_image], side='left')
    kept = by_image[np.arange(len(by_image)) - start < _MAX_DETECTIONS]
    return kept[np.argsort(-scores[kept], kind='stable')]


def _match_greedily(
    place: np.ndarray, column: np.ndarray, iou: np.ndarray, min_iou: float, num_ranked: int
) -> np.ndarray:
    """(E,) whether each ranked detection matches, from M pairs of its place in the ranking and a finding."""
    overlapping = np.flatnonzero(iou >= min(min_iou, 1 - 1e-10))
    # For each detection its best finding first; of equal overlaps COCO takes the last.
    order = overlapping[np.lexsort([-column[overlapping], -iou[overlapping], place[overlapping]])]
    is_true = np.zeros(num_ranked, bool)
    taken: set[int] = set()
    for pair in order.tolist():
        if not is_true[place[pair]] and column[pair] not in taken:
            is_true[place[pair]] = True
            taken.add(int(column[pair]))
    return is_true
