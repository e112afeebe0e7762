"""Malignancy of a breast, from that of its images.

Source: M&M-3D, section 2 (the breast score is the mean over its views).
"""

from __future__ import annotations

import numpy as np

from .detection_truth import DetectionTruth
from .functional import ScoredCases
from .predictions import Predictions


def scored_breasts(predictions: Predictions, image_index: np.ndarray, truth: DetectionTruth) -> ScoredCases:
    """The B breasts with the mean score over their images; a breast is malignant where any of its images is.

    Means count as equal when their first 15 digits are: those of (0.1, 0.7) and of (0.4, 0.4) are 0.4 in both breasts.

    Args:
        predictions: N rows.
        image_index: (N,) image of each row in ``truth``.
        truth: the evaluated images.
    """
    breasts = len(truth.breasts)
    total = np.bincount(truth.breast_index, image_scores(predictions, image_index, len(truth.images)), breasts)
    malignant = np.bincount(truth.breast_index, truth.malignant, breasts) > 0
    patient = np.zeros(breasts, np.int64)
    patient[truth.breast_index] = truth.patient_index
    means = total / np.bincount(truth.breast_index, minlength=breasts)
    return ScoredCases(np.array([float(f'{mean:.15g}') for mean in means]), malignant, patient)


def image_scores(predictions: Predictions, image_index: np.ndarray, num_images: int) -> np.ndarray:
    """(I,) malignancy of each image.

    The image score of the predictions; where they hold none, the highest score of a finding in the image. An image
    without predictions scores 0, or the lowest score there is, should that be negative, so that it never ranks above
    an image in which something was found.

    Args:
        predictions: N rows.
        image_index: (N,) image of each row.
        num_images: I.
    """
    of_row = predictions.columns.get('ImageScore', predictions.scores)
    scores = np.full(num_images, -np.inf)
    np.maximum.at(scores, image_index, of_row)
    return np.where(np.isfinite(scores), scores, min(0.0, of_row.min(initial=0.0)))
