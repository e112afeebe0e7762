"""The numbers of a protocol on the full data and on bootstrap replicates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .coco_matching import rank_detections
from .detection_truth import DetectionTruth
from .functional import Estimate, FrocEvents, percentile_estimate, resample_numbers
from .matching import MatchedDetections, select_findings
from .predictions import Predictions
from .protocols import DetectionProtocol
from .reported_numbers import CountedVolumes

_NO_FINDING = 'there is no annotated finding'


@dataclass(frozen=True)
class NumberSample:
    """A number and its replicates.

    Args:
        value: on the full data.
        replicates: (R,), or None where none were asked for or the number does not exist.
        missing: what the number lacks to exist, empty for nothing.
    """

    value: float
    replicates: np.ndarray | None = None
    missing: str = ''

    def estimate(self) -> Estimate:
        """The number with the standard error and interval of its replicates."""
        if self.replicates is None:
            return Estimate(self.value, reason=self.missing)
        return percentile_estimate(self.value, self.replicates)


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


def _froc_samples(
    matched: MatchedDetections, protocol: DetectionProtocol, volumes: CountedVolumes, draws: np.ndarray | None
) -> dict[str, NumberSample]:
    """The numbers over some volumes, which share their curves."""
    numbers = [number for number in protocol.numbers if number.volumes is volumes]
    if not numbers:
        return {}
    events = matched.events(volumes)
    curve = events.curve()
    missing = _missing(events)
    if missing or draws is None:
        return {number.name: NumberSample(number(curve), missing=missing) for number in numbers}
    columns = resample_numbers(events, numbers, draws, max(number.enough_fp for number in numbers)).T
    return {number.name: NumberSample(number(curve), column) for number, column in zip(numbers, columns)}


def _precision_samples(
    predictions: Predictions,
    image_index: np.ndarray,
    truth: DetectionTruth,
    protocol: DetectionProtocol,
    draws: np.ndarray | None,
) -> dict[str, NumberSample]:
    excluded, findings = select_findings(truth, protocol)
    samples = {}
    for number in protocol.precisions:
        ranked = rank_detections(
            predictions, image_index, truth, findings, excluded, number.min_ious, protocol.hit.needs_slice
        )
        value = float(np.mean([ranking.average_precision() for ranking in ranked]))
        if draws is None or not len(findings):
            samples[number.name] = NumberSample(value, missing='' if len(findings) else _NO_FINDING)
        else:
            replicates = np.mean([ranking.resampled(draws) for ranking in ranked], axis=0)
            samples[number.name] = NumberSample(value, replicates)
    return samples


def _missing(events: FrocEvents) -> str:
    if not len(events.finding_patient):
        return _NO_FINDING
    return '' if events.volumes_per_patient.any() else 'there is no volume to count false positives in'
