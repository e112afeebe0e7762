"""Scoring predictions against annotations under a named protocol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .breast_scores import breast_scores_and_labels, image_scores
from .detection_truth import DetectionTruth, truth_to_evaluate
from .functional import Estimate, FrocCurve, auc_with_delong, draw_patients
from .matching import MatchedDetections, locate_images, match_detections
from .number_samples import sample_numbers
from .predictions import Predictions
from .protocols import DetectionProtocol, get_protocol

if TYPE_CHECKING:
    from ..io.coco_volume import AnnotationSet


@dataclass(frozen=True)
class DetectionResult:
    """What one protocol says about a set of predictions.

    Args:
        protocol: name of the protocol.
        numbers: what the protocol reports of the detections, by name.
        breast_auc: AUC over breasts; the same for every protocol.
        curve: the FROC curve.
        counts: how many images, breasts, findings, predictions and so on the numbers rest on.
        notes: what a reader of the numbers must know, one sentence each.
        matched: the matching behind the numbers.
    """

    protocol: str
    numbers: dict[str, Estimate]
    breast_auc: Estimate
    curve: FrocCurve
    counts: dict[str, int]
    notes: list[str]
    matched: MatchedDetections

    def metrics(self) -> dict[str, Estimate]:
        """All numbers by name, such as ``R@0.25``, ``R@0.5`` and ``breast_auc``."""
        return self.numbers | {'breast_auc': self.breast_auc}

    def as_dict(self) -> dict[str, object]:
        """Everything but the matching, in plain values for json."""
        corners = self.curve.vertices()
        return {
            'protocol': self.protocol,
            'metrics': {name: estimate.as_dict() for name, estimate in self.metrics().items()},
            'counts': self.counts,
            'notes': self.notes,
            'froc': {
                'thresholds': [None if np.isinf(t) else float(t) for t in corners.thresholds],
                'fp_per_volume': _plain(corners.fp_per_volume),
                'recall': _plain(corners.recall),
            },
        }


def evaluate_detections(
    predictions: Predictions,
    annotations: AnnotationSet,
    protocol: str | DetectionProtocol = 'mm3d',
    bootstrap: int = 0,
    seed: int = 0,
    lenient: bool = False,
) -> DetectionResult:
    """Scores predictions; every image of ``annotations`` counts, those without predictions too.

    Args:
        predictions: what was found.
        annotations: the evaluated images; select split and modality before.
        protocol: a name from :data:`~mammo_plugins.evaluation.protocols.PROTOCOLS` or an object of one's own.
        bootstrap: replicates for the standard errors and intervals of the detection numbers, 0 for none.
        seed: seed of the bootstrap.
        lenient: leave predictions of images that are not evaluated out instead of refusing them.

    Raises:
        ValueError: no image is evaluated, or predictions and annotations do not fit together.
    """
    protocol = get_protocol(protocol)
    truth = truth_to_evaluate(annotations)
    located, image_index, strangers = locate_images(predictions, truth, lenient)
    return score_located(located, image_index, truth, protocol, bootstrap, seed, left_out=strangers)


def score_located(
    predictions: Predictions,
    image_index: np.ndarray,
    truth: DetectionTruth,
    protocol: DetectionProtocol,
    bootstrap: int,
    seed: int,
    counted: np.ndarray | None = None,
    left_out: int = 0,
) -> DetectionResult:
    """Scores predictions whose images are known.

    Args:
        predictions: N rows.
        image_index: (N,) image of each row in ``truth``.
        truth: the evaluated images.
        protocol: the rules.
        bootstrap, seed: as for :func:`evaluate_detections`.
        counted: which findings of ``truth`` are of interest, see :func:`~.matching.match_detections`; malignant
            breasts without any of these leave the AUC.
        left_out: rows that were dropped before.
    """
    matched = match_detections(predictions, image_index, truth, protocol, counted)
    draws = draw_patients(len(truth.patients), bootstrap, np.random.default_rng(seed)) if bootstrap else None
    samples = sample_numbers(predictions, image_index, truth, matched, protocol, draws)
    scores, malignant = breast_scores_and_labels(image_scores(predictions, image_index, len(truth.images)), truth)
    compared = ~malignant | _holds_counted(truth, counted) if counted is not None else np.ones(len(malignant), bool)
    return DetectionResult(
        protocol=protocol.name,
        numbers={name: sample.estimate() for name, sample in samples.items()},
        breast_auc=auc_with_delong(scores[compared], malignant[compared]),
        curve=matched.events(protocol.curve_volumes).curve(),
        counts=_counts(predictions, truth, matched, malignant) | {'dropped_for_unknown_image': left_out},
        notes=_notes(predictions, matched, left_out),
        matched=matched,
    )


def _holds_counted(truth: DetectionTruth, counted: np.ndarray) -> np.ndarray:
    """(B,) breasts with a malignant finding that counts."""
    findings = np.flatnonzero(counted & (truth.categories == 'malignant'))
    return np.isin(np.arange(len(truth.breasts)), truth.breast_index[truth.image_index[findings]])


def _counts(
    predictions: Predictions, truth: DetectionTruth, matched: MatchedDetections, malignant_breasts: np.ndarray
) -> dict[str, int]:
    volumes, counted = next(iter(matched.counted_images.items()))
    events = matched.events(volumes)
    return {
        'patients': len(truth.patients),
        'breasts': len(truth.breasts),
        'malignant_breasts': int(malignant_breasts.sum()),
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


def _notes(predictions: Predictions, matched: MatchedDetections, strangers: int) -> list[str]:
    notes = []
    if matched.unannotated_images:
        notes.append(
            f'{matched.unannotated_images} malignant images without a malignant box count for the AUC only: what is '
            'predicted there can be called neither right nor wrong.'
        )
    if not len(predictions):
        notes.append('There are no predictions: recall is 0 and every image scores 0.')
    if predictions.image_scores is None and len(predictions):
        notes.append('The predictions hold no ImageScore: the highest score of a finding stands for its image.')
    notes += [f'Left out: {count} rows, {reason}.' for reason, count in predictions.dropped.items()]
    if strangers:
        notes.append(f'Left out: {strangers} rows for images that are not evaluated.')
    return notes


def _plain(values: np.ndarray) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in values]
