"""Malignancy of a breast, from that of its images.

Source: M&M-3D, section 2 (the breast score is the mean over its views).
"""

from __future__ import annotations

import numpy as np

from .detection_truth import DetectionTruth
from .predictions import Predictions


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


def breast_scores_and_labels(scores: np.ndarray, truth: DetectionTruth) -> tuple[np.ndarray, np.ndarray]:
    """(B,) mean score over the images of each breast, and (B,) whether any of its images is malignant.

    Args:
        scores: (I,) malignancy of each image.
        truth: the evaluated images.
    """
    breasts = len(truth.breasts)
    total = np.bincount(truth.breast_index, weights=scores, minlength=breasts)
    count = np.bincount(truth.breast_index, minlength=breasts)
    malignant = np.bincount(truth.breast_index, weights=truth.malignant, minlength=breasts) > 0
    return total / count, malignant
