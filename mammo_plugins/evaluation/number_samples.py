"""The reported numbers on the full data and on bootstrap replicates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .coco_matching import rank_detections
from .detection_truth import DetectionTruth
from .functional import (
    NO_FINDING,
    Estimate,
    PairedDifference,
    ScoredCases,
    bootstrap_difference,
    number_estimate,
    resample_numbers,
    single_cases,
)
from .matching import MatchedDetections, select_findings
from .predictions import Predictions
from .protocols import DetectionProtocol
from .reported_numbers import BREAST_NUMBERS, BreastNumber, CountedVolumes, RecallAtFp


@dataclass(frozen=True)
class NumberSample:
    """A number and its replicates.

    Args:
        value: on the full data.
        replicates: (R,), or None where none were asked for or the number does not exist.
        missing: what the number lacks to exist, empty for nothing.
        patients: of a share of cases of which each is of another patient, how many they are; 0 of another number.
    """

    value: float
    replicates: np.ndarray | None = None
    missing: str = ''
    patients: int = 0

    def estimate(self) -> Estimate:
        """The number with the standard error and interval of its replicates."""
        if self.replicates is None:
            return Estimate(self.value, reason=self.missing)
        return number_estimate(self.value, self.replicates, self.patients)


def mean_sample(samples: Sequence[NumberSample]) -> NumberSample:
    """The mean of numbers that exist, whose replicates were drawn from the same patients."""
    replicates = [sample.replicates for sample in samples]
    drawn = None if any(one is None for one in replicates) else np.mean(replicates, axis=0)
    return NumberSample(float(np.mean([sample.value for sample in samples])), drawn)


def sample_difference(first: NumberSample, second: NumberSample) -> PairedDifference:
    """The second number less the first, whose replicates were drawn from the same patients."""
    if first.replicates is None or second.replicates is None:
        return PairedDifference(
            first.value, second.value, second.value - first.value, reason=first.missing or second.missing
        )
    return bootstrap_difference(first.value, second.value, first.replicates, second.replicates)


def sample_numbers(
    predictions: Predictions,
    image_index: np.ndarray,
    truth: DetectionTruth,
    matched: MatchedDetections,
    protocol: DetectionProtocol,
    draws: np.ndarray | None,
) -> dict[str, NumberSample]:
    """Every number that a protocol reports.

    Args:
        predictions: N rows.
        image_index: (N,) image of each row in ``truth``.
        truth: the evaluated images.
        matched: the same, matched under the protocol.
        protocol: the rules.
        draws: (R, P) how often each patient occurs in each replicate; None for no replicates.
    """
    froc = [_froc_samples(matched, protocol, volumes, draws) for volumes in matched.counted_images]
    by_name = {name: sample for samples in froc for name, sample in samples.items()}
    ordered = {number.name: by_name[number.name] for number in protocol.numbers}
    return ordered | _precision_samples(predictions, image_index, truth, protocol, draws)


def sample_breast_numbers(breasts: ScoredCases, draws: np.ndarray | None) -> dict[str, NumberSample]:
    """Every number of :data:`~.reported_numbers.BREAST_NUMBERS`.

    Args:
        breasts: scored breasts.
        draws: (R, P) how often each patient occurs in each replicate; None for no replicates.
    """
    if missing := breasts.missing_class:
        return {number.name: NumberSample(float('nan'), missing=missing) for number in BREAST_NUMBERS}
    counts = breasts.counts()
    values = [number.of_counts(counts) for number in BREAST_NUMBERS]
    replicates: list[np.ndarray | None] = [None] * len(BREAST_NUMBERS)
    if draws is not None:
        resampled = (breasts.counts(patient_counts) for patient_counts in draws)
        replicates = list(np.array([[number.of_counts(c) for number in BREAST_NUMBERS] for c in resampled]).T)
    return {
        number.name: NumberSample(value, column, patients=_share_patients(breasts, number))
        for number, value, column in zip(BREAST_NUMBERS, values, replicates)
    }


def sample_breast_auc(breasts: ScoredCases, draws: np.ndarray | None) -> NumberSample:
    """The AUC over breasts, with replicates that keep both breasts and all studies of a patient together.

    Args:
        breasts, draws: as for :func:`sample_breast_numbers`.
    """
    if missing := breasts.missing_class:
        return NumberSample(float('nan'), missing=missing)
    replicates = None if draws is None else np.array([breasts.counts(counts).auc() for counts in draws])
    return NumberSample(breasts.counts().auc(), replicates)


def _share_patients(breasts: ScoredCases, number: BreastNumber) -> int:
    return 0 if number.share_of is None else single_cases(breasts.patient[breasts.labels == number.share_of])


def _froc_samples(
    matched: MatchedDetections, protocol: DetectionProtocol, volumes: CountedVolumes, draws: np.ndarray | None
) -> dict[str, NumberSample]:
    """The numbers over some volumes, which share their curves."""
    numbers = [number for number in protocol.numbers if number.volumes is volumes]
    if not numbers:
        return {}
    events = matched.events(volumes)
    curve = events.curve()
    missing = events.missing
    if missing or draws is None:
        return {number.name: NumberSample(number(curve), missing=missing) for number in numbers}
    columns = resample_numbers(events, numbers, draws, max(number.enough_fp for number in numbers)).T
    patients = single_cases(events.finding_patient)
    return {
        number.name: NumberSample(number(curve), column, patients=patients if isinstance(number, RecallAtFp) else 0)
        for number, column in zip(numbers, columns)
    }


def _precision_samples(
    predictions: Predictions,
    image_index: np.ndarray,
    truth: DetectionTruth,
    protocol: DetectionProtocol,
    draws: np.ndarray | None,
) -> dict[str, NumberSample]:
    """COCO's average precisions; an IoU that several of them read is matched and resampled once."""
    if not protocol.precisions:
        return {}
    excluded, findings = select_findings(truth, protocol)
    ious = sorted({iou for number in protocol.precisions for iou in number.min_ious})
    ranked = dict(
        zip(ious, rank_detections(predictions, image_index, truth, findings, excluded, ious, protocol.hit.needs_slice))
    )
    values = {iou: ranking.average_precision() for iou, ranking in ranked.items()}
    missing = '' if len(findings) else NO_FINDING
    replicates = {} if draws is None or missing else {iou: r.resampled(draws) for iou, r in ranked.items()}
    return {
        number.name: NumberSample(
            value=float(np.mean([values[iou] for iou in number.min_ious])),
            replicates=np.mean([replicates[iou] for iou in number.min_ious], axis=0) if replicates else None,
            missing=missing,
        )
        for number in protocol.precisions
    }
