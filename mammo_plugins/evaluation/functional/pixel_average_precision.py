"""Pixel average precision (PxAP) of saliency maps, in memory that does not grow with their number."""

from __future__ import annotations

import numpy as np

from .precision_recall import average_precision_of_counts
from .segmentation import checked_saliency


class PixelAveragePrecision:
    """Average precision over pixels, of each image and of all images pooled.

    Saliency is rounded to evenly spaced levels, so that counts for each level are all there is to keep. Maps that were
    stored with as many levels (65,536: 16 bits) or fewer lose nothing.

    Args:
        num_levels: levels of saliency from 0 to 1.

    Raises:
        ValueError: fewer than two levels.

    Source: Choe et al., Evaluating weakly supervised object localization methods right, CVPR 2020 (PxAP, pooled);
    GLAM, section 3 (image level and data-set level).
    """

    def __init__(self, num_levels: int = 65536) -> None:
        if num_levels < 2:
            raise ValueError(f'num_levels must be at least 2, got {num_levels}')
        self.num_levels = num_levels
        self._positives = np.zeros(num_levels, np.int64)
        self._negatives = np.zeros(num_levels, np.int64)
        self._of_images: list[float] = []

    def update(self, saliency: np.ndarray, mask: np.ndarray) -> float:
        """Adds an image.

        Args:
            saliency: (H, W) in [0, 1].
            mask: (H, W) bool or 0 and 1.

        Returns:
            The image's own average precision, NaN without annotated pixel.

        Raises:
            ValueError: the shapes differ, the saliency leaves [0, 1] or is NaN, or the mask holds other values.
        """
        saliency, mask = checked_saliency(saliency, mask)
        level = np.rint(saliency * (self.num_levels - 1)).astype(np.int64)
        everywhere = np.bincount(level.ravel(), minlength=self.num_levels)
        positives = np.bincount(level[mask], minlength=self.num_levels)
        negatives = everywhere - positives
        self._positives += positives
        self._negatives += negatives
        self._of_images.append(average_precision_of_counts(positives, negatives))
        return self._of_images[-1]

    def image_level(self) -> float:
        """Mean over the images with an annotated pixel; NaN if there is none."""
        annotated = [value for value in self._of_images if not np.isnan(value)]
        return float(np.mean(annotated)) if annotated else float('nan')

    def dataset_level(self) -> float:
        """Over the pixels of all images together, those without annotation included; NaN without annotated pixel."""
        return average_precision_of_counts(self._positives, self._negatives)
