"""Single operating points: of a ROC at a wished-for specificity or sensitivity, and of a detector at a threshold.

Only thresholds that a score takes are operating points; nothing is interpolated between them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .froc import FrocCurve, FrocEvents
from .roc import cases_of_both_classes


def sensitivity_at_specificity(scores: np.ndarray, labels: np.ndarray, specificity: float) -> float:
    """Highest sensitivity among the thresholds whose specificity is at least the given one.

    Args:
        scores: (n,) larger is more positive.
        labels: (n,) bool.
        specificity: in [0, 1].

    Raises:
        ValueError: one of the classes is empty, or the specificity is outside [0, 1].
    """
    return cases_of_both_classes(scores, labels).counts().sensitivity_at(_checked_share('specificity', specificity))


def specificity_at_sensitivity(scores: np.ndarray, labels: np.ndarray, sensitivity: float) -> float:
    """Highest specificity among the thresholds whose sensitivity is at least the given one.

    Args:
        scores: (n,) larger is more positive.
        labels: (n,) bool.
        sensitivity: in [0, 1].

    Raises:
        ValueError: one of the classes is empty, or the sensitivity is outside [0, 1].
    """
    return cases_of_both_classes(scores, labels).counts().specificity_at(_checked_share('sensitivity', sensitivity))


def threshold_at_fp(curve: FrocCurve, fp_per_volume: float) -> float:
    """Lowest score that may pass so that at most ``fp_per_volume`` do; plus infinity if none may.

    NaN without volumes. To be chosen on one split and applied to another (:func:`count_at_threshold`).
    """
    return float(curve.thresholds[last]) if (last := curve.last_within(fp_per_volume)) >= 0 else float('nan')


@dataclass(frozen=True)
class DetectionCounts:
    """What a detector finds at one threshold.

    Args:
        threshold: predictions with at least this score pass.
        true_positives: findings that are hit.
        false_positives: predictions that hit nothing.
        false_negatives: findings that are missed.
        repeats: further hits of a finding that was hit before.
        volumes: volumes that false positives were counted in.
    """

    threshold: float
    true_positives: int
    false_positives: int
    false_negatives: int
    repeats: int
    volumes: int

    @property
    def recall(self) -> float:
        """Share of the findings that are hit; NaN without findings."""
        findings = self.true_positives + self.false_negatives
        return self.true_positives / findings if findings else float('nan')

    @property
    def fp_per_volume(self) -> float:
        """False positives per volume; NaN without volumes."""
        return self.false_positives / self.volumes if self.volumes else float('nan')


def count_at_threshold(events: FrocEvents, threshold: float) -> DetectionCounts:
    """Counts the predictions that pass a threshold.

    Raises:
        ValueError: the threshold is NaN.
    """
    if np.isnan(threshold):
        raise ValueError('the threshold is NaN: choose it on a split that has volumes')
    passes = events.scores >= threshold
    found = int((events.is_tp & passes).sum())
    return DetectionCounts(
        threshold=threshold,
        true_positives=found,
        false_positives=int((events.is_fp & passes).sum()),
        false_negatives=len(events.finding_patient) - found,
        repeats=int((events.is_hit & ~events.is_tp & passes).sum()),
        volumes=int(events.volumes_per_patient.sum()),
    )


def _checked_share(name: str, value: float) -> float:
    if not 0 <= value <= 1:
        raise ValueError(f'{name} must lie in [0, 1], got {value}')
    return value
