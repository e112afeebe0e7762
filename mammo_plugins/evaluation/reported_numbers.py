"""The numbers that a protocol reports, as declared objects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import numpy as np

from .functional import (
    FrocCurve,
    ThresholdCounts,
    area_under_froc,
    interpolated_recall_at_fp,
    mean_recall_at_fp,
    recall_at_fp,
)


class CountedVolumes(str, Enum):
    """The images over which false positives, and the volumes they are divided by, are counted.

    All findings are to be found in any case.
    """

    ALL = 'all'
    WITH_FINDINGS = 'with findings'  # of the categories that are to be found
    NON_BENIGN = 'non-benign'


class FrocNumber(Protocol):
    """A number read off the FROC curve over some volumes.

    ``name`` stands in tables; ``enough_fp`` is the largest number of false positives per volume that is looked at.
    """

    name: str
    volumes: CountedVolumes
    enough_fp: float

    def __call__(self, curve: FrocCurve) -> float:
        """The number; NaN where it does not exist."""


@dataclass(frozen=True)
class RecallAtFp:
    """Largest recall with at most ``fp_per_volume`` false positives per volume (step rule)."""

    name: str
    fp_per_volume: float
    volumes: CountedVolumes = CountedVolumes.ALL

    @property
    def enough_fp(self) -> float:
        return self.fp_per_volume

    def __call__(self, curve: FrocCurve) -> float:
        return recall_at_fp(curve, self.fp_per_volume)


@dataclass(frozen=True)
class MeanRecall:
    """Mean over some points of the recall of the step rule (CPM)."""

    name: str
    fp_points: tuple[float, ...]
    volumes: CountedVolumes = CountedVolumes.ALL

    @property
    def enough_fp(self) -> float:
        return max(self.fp_points)

    def __call__(self, curve: FrocCurve) -> float:
        return mean_recall_at_fp(curve, self.fp_points)


@dataclass(frozen=True)
class MeanInterpolatedRecall:
    """Mean over some points of the recall on the lines between the hits' operating points."""

    name: str
    fp_points: tuple[float, ...]
    volumes: CountedVolumes = CountedVolumes.ALL

    @property
    def enough_fp(self) -> float:
        return np.inf  # a line ends at the next hit, however far that is

    def __call__(self, curve: FrocCurve) -> float:
        return float(np.mean([interpolated_recall_at_fp(curve, point) for point in self.fp_points]))


@dataclass(frozen=True)
class FrocArea:
    """Area under the step curve up to ``max_fp_per_volume`` (FAUC)."""

    name: str
    max_fp_per_volume: float
    volumes: CountedVolumes = CountedVolumes.ALL

    @property
    def enough_fp(self) -> float:
        return self.max_fp_per_volume

    def __call__(self, curve: FrocCurve) -> float:
        return area_under_froc(curve, self.max_fp_per_volume)


@dataclass(frozen=True)
class CocoAveragePrecision:
    """Mean over IoU thresholds of COCO's average precision, by COCO's own matching.

    Args:
        name: what tables call it.
        min_ious: IoU thresholds.
    """

    name: str
    min_ious: tuple[float, ...]


@dataclass(frozen=True)
class BreastNumber:
    """A number read off the breasts that pass each threshold; the same for every protocol.

    Args:
        name: what json and metrics call it.
        title: what tables call it.
        of_counts: gives the number, NaN where it does not exist.
        share_of: it is a share of the malignant (True) or of the other breasts (False); None where it is no share.
    """

    name: str
    title: str
    of_counts: Callable[[ThresholdCounts], float]
    share_of: bool | None = None


BREAST_NUMBERS = (
    BreastNumber('breast_ap', 'Breast AP', ThresholdCounts.average_precision),
    BreastNumber(
        'breast_sensitivity_at_0.9_specificity',
        'Breast sensitivity at specificity 0.9',
        lambda counts: counts.sensitivity_at(0.9),
        share_of=True,
    ),
    BreastNumber(
        'breast_specificity_at_0.9_sensitivity',
        'Breast specificity at sensitivity 0.9',
        lambda counts: counts.specificity_at(0.9),
        share_of=False,
    ),
)

AUC_BY_PATIENT = 'breast_auc_by_patient'
BREAST_TITLES = {
    'breast_auc': 'Breast AUC',
    AUC_BY_PATIENT: 'Breast AUC by patient',
    **{number.name: number.title for number in BREAST_NUMBERS},
}
"""What tables call each number of breasts."""
