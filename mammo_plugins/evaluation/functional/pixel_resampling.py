"""Pixel average precision over the pixels of all images, on bootstrap replicates of patients.

Glossary: P patients, R replicates, L levels of saliency, K bins of levels.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from .segmentation import checked_saliency


class PatientPixelCounts:
    """How many pixels of each patient have each level of saliency, in a finding and beside one.

    Keeps no more than ten bytes a level that occurs in a map.

    Args:
        num_levels: levels of saliency from 0 to 1, at most 65,536.
    """

    def __init__(self, num_levels: int = 65536) -> None:
        self.num_levels = num_levels
        self._counts: dict[str, list[tuple[np.ndarray, np.ndarray]]] = defaultdict(list)

    def update(self, patient: str, saliency: np.ndarray, mask: np.ndarray) -> None:
        """Adds an image of a patient; arguments as for ``PixelAveragePrecision.update``."""
        saliency, mask = checked_saliency(saliency, mask)
        level = np.rint(saliency * (self.num_levels - 1)).astype(np.int64)
        everywhere = np.bincount(level.ravel(), minlength=self.num_levels)
        positives = np.bincount(level[mask], minlength=self.num_levels)
        seen = np.flatnonzero(everywhere)
        both = np.stack([positives[seen], everywhere[seen] - positives[seen]]).astype(np.int32)
        self._counts[patient].append((seen.astype(np.uint16), both))

    def resampled_precision(self, patients: Sequence[str], draws: np.ndarray, num_bins: int = 4096) -> np.ndarray:
        """(R,) average precision over the pixels of each replicate's patients; NaN without annotated pixel.

        Levels that are neighbours share a bin where there are more than ``num_bins`` of them, such that no bin has
        more than about 1 in ``num_bins`` of the pixels in findings and of those beside. Pixels of a bin pass together.

        Args:
            patients: P names; those without a map have no pixels.
            draws: (R, P) how often each patient occurs in each replicate.
            num_bins: bins at most.
        """
        bin_of = self._bins(num_bins)
        counts = np.zeros((2, len(patients), int(bin_of.max()) + 1))
        for row, patient in enumerate(patients):
            for levels, both in self._counts.get(patient, ()):
                np.add.at(counts[:, row], (slice(None), bin_of[levels]), both)
        positives, negatives = (draws @ of_class for of_class in counts)
        found, accepted = (np.cumsum(c[:, ::-1], axis=1) for c in (positives, positives + negatives))
        precision = np.divide(found, accepted, out=np.zeros_like(found), where=accepted > 0)
        with np.errstate(invalid='ignore'):
            return (precision * positives[:, ::-1]).sum(axis=1) / found[:, -1]

    def _bins(self, num_bins: int) -> np.ndarray:
        """(L,) bin of each level, rising."""
        total = np.zeros((2, self.num_levels))
        for of_patient in self._counts.values():
            for levels, both in of_patient:
                np.add.at(total, (slice(None), levels), both)
        occurs = total.any(axis=0)
        if occurs.sum() <= num_bins:
            return np.maximum(np.cumsum(occurs) - 1, 0)
        share = (total / np.maximum(total.sum(axis=1, keepdims=True), 1)).sum(axis=0)
        below = np.cumsum(share) - share
        return np.minimum((below / share.sum() * num_bins).astype(np.int64), num_bins - 1)
