"""Malignancy of a breast, from that of its images.

Source: M&M-3D, section 2 (the breast score is the mean over its views).
"""

from __future__ import annotations

import numpy as np

from .detection_truth import DetectionTruth
from .functional import ScoredCases
from .matching import image_positions
from .predictions import Predictions


def scored_breasts(
    predictions: Predictions, image_index: np.ndarray, truth: DetectionTruth, counted: np.ndarray | None = None
) -> ScoredCases:
    """The B breasts with the mean score over their images; a breast is malignant where any of its images is.

    Means count as equal when their first 15 digits are: those of (0.1, 0.7) and of (0.4, 0.4) are 0.4 in both breasts.

    Args:
        predictions: N rows.
        image_index: (N,) image of each row in ``truth``.
        truth: the evaluated images.
        counted: which findings of ``truth`` are of interest, all by default; malignant breasts without any of these do
            not count as breasts.
    """
    breasts = len(truth.breasts)
    total = np.bincount(truth.breast_index, image_scores(predictions, image_index, truth), breasts)
    malignant = np.bincount(truth.breast_index, truth.malignant, breasts) > 0
    patient = np.zeros(breasts, np.int64)
    patient[truth.breast_index] = truth.patient_index
    means = total / np.bincount(truth.breast_index, minlength=breasts)
    scored = ScoredCases(np.array([float(f'{mean:.15g}') for mean in means]), malignant, patient)
    return scored if counted is None else scored.keep(~malignant | _holds_counted(truth, counted))


def _holds_counted(truth: DetectionTruth, counted: np.ndarray) -> np.ndarray:
    """(B,) breasts with a malignant finding that counts."""
    findings = np.flatnonzero(counted & (truth.categories == 'malignant'))
    return np.isin(np.arange(len(truth.breasts)), truth.breast_index[truth.image_index[findings]])


def image_scores(predictions: Predictions, image_index: np.ndarray, truth: DetectionTruth) -> np.ndarray:
    """(I,) malignancy of each image.

    The image score of the predictions, of images without a finding too; where they hold none, the highest score of a
    finding in the image. An image of which nothing is said scores 0, or the lowest score there is, should that be
    negative, so that it never ranks above an image in which something was found.

    Args:
        predictions: N rows, all of evaluated images.
        image_index: (N,) image of each row.
        truth: the evaluated images.
    """
    scores = np.full(len(truth.images), -np.inf)
    if predictions.image_scores is not None:
        scores[image_positions(predictions, truth)] = predictions.image_scores
    else:
        np.maximum.at(scores, image_index, predictions.scores)
    lowest = 0.0 if predictions.image_scores is not None else predictions.scores.min(initial=0.0)
    return np.where(np.isfinite(scores), scores, lowest)
