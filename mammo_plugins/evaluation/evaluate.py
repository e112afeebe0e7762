"""Scoring predictions against annotations under a named protocol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .breast_scores import scored_breasts
from .detection_truth import DetectionTruth, truth_to_evaluate
from .functional import (
    CurveBand,
    Estimate,
    FrocCurve,
    FrocEvents,
    ScoredCases,
    ThresholdCounts,
    auc_with_delong,
    draw_patients,
    froc_band,
    roc_band,
)
from .hit_rules import OWN
from .matching import MatchedDetections, locate_images, match_detections
from .number_samples import sample_breast_auc, sample_breast_numbers, sample_numbers
from .operating_points import OperatingPoint, operating_point
from .predictions import Predictions
from .protocols import DetectionProtocol, get_protocol
from .reported_numbers import AUC_BY_PATIENT
from .slice_errors import count_slice_errors, sample_slice_errors

if TYPE_CHECKING:
    from mammo_plugins.io import AnnotationSet

_BAND_FP_POINTS = np.linspace(0, 2, 81)  # what the report's plot shows
_BAND_RATES = np.linspace(0, 1, 101)


@dataclass(frozen=True)
class DetectionResult:
    """What one protocol says about a set of predictions.

    Args:
        protocol: name of the protocol.
        numbers: what the protocol reports of the detections, by name.
        slice_errors: distance of predicted from annotated slices, by name; empty where no volume is evaluated.
        breast_auc: AUC over breasts, with DeLong's interval, which takes breasts as independent; the same for every
            protocol, as are the other numbers of breasts.
        breast_numbers: average precision, sensitivity and specificity of breasts, by name; with bootstrap, also the
            AUC with the interval of resampled patients, ``breast_auc_by_patient``.
        curve: the FROC curve.
        curve_band: its band; None without bootstrap, findings or volumes.
        breast_counts: breasts that pass each threshold: the ROC and the precision-recall curve.
        roc_band: band of the ROC curve; None without bootstrap, or where a class is empty.
        operating_point: counts at the threshold that was given, None where none was.
        counts: how many images, breasts, findings, predictions and so on the numbers rest on.
        notes: what a reader of the numbers must know, one sentence each.
        matched: the matching behind the numbers.
        slice_error_findings: how many findings ``slice_errors`` are means over.
    """

    protocol: str
    numbers: dict[str, Estimate]
    slice_errors: dict[str, Estimate]
    breast_auc: Estimate
    breast_numbers: dict[str, Estimate]
    curve: FrocCurve
    curve_band: CurveBand | None
    breast_counts: ThresholdCounts
    roc_band: CurveBand | None
    operating_point: OperatingPoint | None
    counts: dict[str, int]
    notes: list[str]
    matched: MatchedDetections
    slice_error_findings: int = 0

    def metrics(self) -> dict[str, Estimate]:
        """All numbers by name, such as ``R@0.25``, ``z_error_slices`` and ``breast_auc``."""
        return self.numbers | self.slice_errors | {'breast_auc': self.breast_auc} | self.breast_numbers

    def as_dict(self) -> dict[str, object]:
        """Everything but the matching, in plain values for json."""
        corners, breasts = self.curve.vertices(), self.breast_counts.vertices()
        return {
            'protocol': self.protocol,
            'metrics': {name: estimate.as_dict() for name, estimate in self.metrics().items()},
            'operating_point': None if self.operating_point is None else self.operating_point.as_dict(),
            'counts': self.counts,
            'notes': self.notes,
            'froc': {
                'thresholds': _plain(corners.thresholds),
                'fp_per_volume': _plain(corners.fp_per_volume),
                'recall': _plain(corners.recall),
                'band': _plain_band(self.curve_band),
            },
            'roc': {
                'thresholds': _plain(breasts.thresholds),
                'false_positive_rate': _plain(breasts.false_positive_rate),
                'sensitivity': _plain(breasts.sensitivity),
                'band': _plain_band(self.roc_band),
            },
        }


def evaluate_detections(
    predictions: Predictions,
    annotations: AnnotationSet,
    protocol: str | DetectionProtocol = 'mm3d',
    bootstrap: int = 0,
    seed: int = 0,
    lenient: bool = False,
    threshold: float | None = None,
) -> DetectionResult:
    """Scores predictions; every image of ``annotations`` counts, those without predictions too.

    Args:
        predictions: what was found.
        annotations: the evaluated images; select split and modality before.
        protocol: a name from :data:`~mammo_plugins.evaluation.protocols.PROTOCOLS` or an object of one's own.
        bootstrap: replicates for the standard errors, intervals and bands, 0 for none.
        seed: seed of the bootstrap.
        lenient: leave predictions of images that are not evaluated out instead of refusing them.
        threshold: score at which hits and false positives are counted, see
            :func:`~mammo_plugins.evaluation.choose_threshold`; None for no counts.

    Raises:
        ValueError: no image is evaluated, or predictions and annotations do not fit together.
    """
    protocol = get_protocol(protocol)
    truth = truth_to_evaluate(annotations)
    located, image_index, strangers = locate_images(predictions, truth, lenient)
    return score_located(
        located, image_index, truth, protocol, bootstrap, seed, left_out=strangers, threshold=threshold
    )


def score_located(
    predictions: Predictions,
    image_index: np.ndarray,
    truth: DetectionTruth,
    protocol: DetectionProtocol,
    bootstrap: int,
    seed: int,
    counted: np.ndarray | None = None,
    left_out: int = 0,
    threshold: float | None = None,
) -> DetectionResult:
    """Scores predictions whose images are known.

    Args:
        predictions: N rows.
        image_index: (N,) image of each row in ``truth``.
        truth: the evaluated images.
        protocol: the rules.
        bootstrap, seed, threshold: as for :func:`evaluate_detections`.
        counted: which findings of ``truth`` are of interest, see :func:`~.matching.match_detections` and
            :func:`~.breast_scores.scored_breasts`.
        left_out: rows that were dropped before.
    """
    matched = match_detections(predictions, image_index, truth, protocol, counted)
    events = matched.events(protocol.curve_volumes)
    draws = draw_patients(len(truth.patients), bootstrap, np.random.default_rng(seed)) if bootstrap else None
    breasts = scored_breasts(predictions, image_index, truth, counted)
    samples = sample_numbers(predictions, image_index, truth, matched, protocol, draws)
    of_breasts = {} if draws is None else {AUC_BY_PATIENT: sample_breast_auc(breasts, draws)}
    of_breasts |= sample_breast_numbers(breasts, draws)
    errors = sample_slice_errors(predictions, truth, matched, protocol, draws)
    return DetectionResult(
        protocol=protocol.name,
        numbers={name: sample.estimate() for name, sample in samples.items()},
        slice_errors={name: sample.estimate() for name, sample in errors.items()},
        breast_auc=auc_with_delong(breasts.scores, breasts.labels),
        breast_numbers={name: sample.estimate() for name, sample in of_breasts.items()},
        curve=events.curve(),
        curve_band=_curve_band(events, draws),
        breast_counts=breasts.counts(),
        roc_band=_roc_band(breasts, draws),
        operating_point=None if threshold is None else operating_point(events, threshold, draws),
        counts=_counts(predictions, truth, matched) | {'dropped_for_unknown_image': left_out},
        notes=_notes(predictions, matched, left_out, protocol) + _pixel_notes(protocol),
        matched=matched,
        slice_error_findings=count_slice_errors(truth, matched, protocol),
    )


def _curve_band(events: FrocEvents, draws: np.ndarray | None) -> CurveBand | None:
    return None if draws is None or events.missing else froc_band(events, draws, _BAND_FP_POINTS)


def _roc_band(breasts: ScoredCases, draws: np.ndarray | None) -> CurveBand | None:
    return None if draws is None or breasts.missing_class else roc_band(breasts, draws, _BAND_RATES)


def _counts(predictions: Predictions, truth: DetectionTruth, matched: MatchedDetections) -> dict[str, int]:
    volumes, counted = next(iter(matched.counted_images.items()))
    events = matched.events(volumes)
    return {
        'patients': len(truth.patients),
        'breasts': len(truth.breasts),
        'malignant_breasts': len(np.unique(truth.breast_index[truth.malignant])),
        'images': len(truth.images),
        'images_counted_for_fp': int(counted.sum()),
        'unannotated_malignant_images': matched.unannotated_images,
        'findings': len(matched.findings),
        'findings_hit': int(events.is_tp.sum()),
        'predictions': len(predictions),
        'false_positives': int(events.is_fp.sum()),
        'repeats': int((events.is_hit & ~events.is_tp).sum()),
        'merged_duplicates': predictions.merged_duplicates,
        'dropped_rows': sum(predictions.dropped.values()),
    }


def _notes(
    predictions: Predictions, matched: MatchedDetections, strangers: int, protocol: DetectionProtocol
) -> list[str]:
    notes = []
    if matched.unannotated_images:
        which = (
            'malignant images without a malignant box, or with a finding of unknown class,'
            if {'malignant', 'benign'}.issuperset(protocol.targets)
            else f'images that may show a {" or ".join(protocol.targets)} which nobody marked'
        )
        notes.append(
            f'{matched.unannotated_images} {which} count for the AUC only: what is predicted there can be called '
            'neither right nor wrong.'
        )
    if not len(predictions):
        scores = 'every image scores 0' if predictions.image_scores is None else 'images have their ImageScore only'
        notes.append(f'There are no predictions: recall is 0 and {scores}.')
    if predictions.image_scores is None and len(predictions):
        notes.append('The predictions hold no ImageScore: the highest score of a finding stands for its image.')
    notes += [f'Left out: {count} rows, {reason}.' for reason, count in predictions.dropped.items()]
    if strangers:
        notes.append(f'Left out: {strangers} rows for images that are not evaluated.')
    return notes


def _pixel_notes(protocol: DetectionProtocol) -> list[str]:
    pixels_of = protocol.hit.hit_pixels_of
    if pixels_of == OWN:
        return []
    return [f'Distances of centres are measured in pixels of the {pixels_of} image of each view (hit_pixels_of).']


def _plain(values: np.ndarray) -> list[float | None]:
    """Numbers for json, None for those that are not finite."""
    return [float(value) if np.isfinite(value) else None for value in values]


def _plain_band(band: CurveBand | None) -> dict[str, object] | None:
    return None if band is None else {name: _plain(getattr(band, name)) for name in ('x', 'low', 'high')}
