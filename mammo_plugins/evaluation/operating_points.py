"""A detector at one threshold, which was chosen elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .detection_truth import truth_to_evaluate
from .functional import (
    NO_FINDING,
    NO_VOLUME,
    DetectionCounts,
    Estimate,
    FrocEvents,
    count_at_threshold,
    number_estimate,
    single_cases,
    threshold_at_fp,
)
from .matching import locate_images, match_detections
from .predictions import Predictions
from .protocols import DetectionProtocol, get_protocol

if TYPE_CHECKING:
    from mammo_plugins.io import AnnotationSet


@dataclass(frozen=True)
class OperatingPoint:
    """Counts at a threshold, and the two rates that follow from them.

    Args:
        counts: true and false positives, missed findings, repeats.
        recall: share of the findings that are hit.
        fp_per_volume: false positives per volume.
    """

    counts: DetectionCounts
    recall: Estimate
    fp_per_volume: Estimate

    def as_dict(self) -> dict[str, object]:
        """Plain values for json."""
        rates = {'recall': self.recall.as_dict(), 'fp_per_volume': self.fp_per_volume.as_dict()}
        counts = vars(self.counts) | {
            'threshold': self.counts.threshold if np.isfinite(self.counts.threshold) else None
        }
        return counts | rates


def choose_threshold(
    predictions: Predictions,
    annotations: AnnotationSet,
    protocol: str | DetectionProtocol = 'mm3d',
    fp_per_volume: float = 0.5,
    lenient: bool = False,
) -> float:
    """Lowest score that may pass so that there are at most ``fp_per_volume`` false positives per volume.

    To be chosen on a validation split and applied to a test split (``threshold`` of
    :func:`~mammo_plugins.evaluation.evaluate_detections`). Plus infinity if no score may pass.

    Args:
        predictions: what was found in the images that the threshold is chosen on.
        annotations: those images.
        protocol: a name from :data:`~mammo_plugins.evaluation.protocols.PROTOCOLS` or an object of one's own.
        fp_per_volume: at least 0.
        lenient: leave predictions of images that are not evaluated out instead of refusing them.

    Raises:
        ValueError: the limit is negative, no volume counts, or predictions and annotations do not fit together.
    """
    if not fp_per_volume >= 0:
        raise ValueError(f'false positives per volume must be at least 0, got {fp_per_volume}')
    protocol = get_protocol(protocol)
    truth = truth_to_evaluate(annotations)
    located, image_index, _ = locate_images(predictions, truth, lenient)
    events = match_detections(located, image_index, truth, protocol).events(protocol.curve_volumes)
    threshold = threshold_at_fp(events.curve(), fp_per_volume)
    if np.isnan(threshold):
        raise ValueError(f'no threshold can be chosen: {NO_VOLUME}')
    return threshold


def operating_point(events: FrocEvents, threshold: float, draws: np.ndarray | None) -> OperatingPoint:
    """Counts and rates at a threshold.

    Args:
        events: what was predicted.
        threshold: predictions with at least this score pass.
        draws: (R, P) how often each patient occurs in each replicate; None for no intervals.

    Raises:
        ValueError: the threshold is NaN.
    """
    counts = count_at_threshold(events, threshold)
    passes = events.scores >= threshold
    patients = len(events.volumes_per_patient)
    found, alarms = (
        np.bincount(events.patient[passes & kind], minlength=patients) for kind in (events.is_tp, events.is_fp)
    )
    findings = np.bincount(events.finding_patient, minlength=patients)
    return OperatingPoint(
        counts=counts,
        recall=_rate(counts.recall, found, findings, draws, NO_FINDING, single_cases(events.finding_patient)),
        fp_per_volume=_rate(counts.fp_per_volume, alarms, events.volumes_per_patient, draws, NO_VOLUME),
    )


def _rate(
    value: float, counted: np.ndarray, total: np.ndarray, draws: np.ndarray | None, missing: str, patients: int = 0
) -> Estimate:
    """A rate of events over units, both (P,) by patient; ``patients`` as for a share of :func:`number_estimate`."""
    if np.isnan(value) or draws is None:
        return Estimate(value, reason=missing if np.isnan(value) else '')
    units = draws @ total
    rates = np.divide(draws @ counted, units, out=np.full(len(draws), np.nan), where=units > 0)
    return number_estimate(value, rates, patients)
