"""The numbers of one set of predictions under a plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mammo_plugins.evaluation import (
    DetectionResult,
    LabelResult,
    Predictions,
    evaluate_detections,
    evaluate_labels,
    get_protocol,
)
from mammo_plugins.evaluation.breast_scores import scored_breasts
from mammo_plugins.evaluation.detection_truth import truth_to_evaluate
from mammo_plugins.evaluation.evaluate_labels import label_cases
from mammo_plugins.evaluation.functional import Estimate, ReliabilityTable, draw_patients, reliability_table
from mammo_plugins.evaluation.label_numbers import NUM_BINS, LabelCases
from mammo_plugins.evaluation.matching import locate_images
from mammo_plugins.evaluation.reported_numbers import BREAST_TITLES, RecallAtFp
from mammo_plugins.io import AnnotationSet

from .plan import EvidencePlan
from .predicted import PredictedList

BREASTS = 'all protocols'
_CALIBRATION = {'brier': 'Breast Brier score', 'ece': f'Breast calibration error in {NUM_BINS} bins'}
TITLES = BREAST_TITLES


@dataclass(frozen=True)
class ScoredList:
    """Results of a list.

    Attributes:
        annotations: the images that were scored.
        findings: protocol to result; empty where the model gives no findings.
        labels: unit to label to result.
        calibration: of the breasts' scores, by number; empty where they are no probabilities.
        reliability: of the same; None there too.
    """

    annotations: AnnotationSet
    findings: dict[str, DetectionResult]
    labels: dict[str, dict[str, LabelResult]]
    calibration: dict[str, Estimate]
    reliability: ReliabilityTable | None


def score_list(plan: EvidencePlan, annotations: AnnotationSet, predicted: PredictedList) -> ScoredList:
    """Scores what a model says of a list.

    Args:
        plan: how.
        annotations: the images that are analysed.
        predicted: of these images, and perhaps of others, which are left out.

    Raises:
        ValueError: predictions and annotations do not fit together.
    """
    how = _bootstrap(plan)
    findings = {}
    if predicted.findings is not None and plan.content['protocols']:
        findings = {
            protocol.name: evaluate_detections(
                predicted.findings,
                annotations,
                protocol,
                lenient=True,
                threshold=plan.threshold(protocol.name),
                **how,
            )
            for protocol in plan.protocols()
        }
    labels = {
        table.unit: evaluate_labels(
            table,
            annotations,
            lenient=True,
            threshold=plan.content['scoring']['label_threshold'],
            allow_unlabelled=True,
            **how,
        )
        for table in predicted.labels
    }
    calibration, reliability = _calibration(predicted.findings if findings else None, annotations, how)
    return ScoredList(annotations, findings, labels, calibration, reliability)


def require_scorable(plan: EvidencePlan, annotations: AnnotationSet, predicted: PredictedList) -> None:
    """Meets what would refuse the scoring, without scoring.

    Args:
        plan: how.
        annotations: the images that are analysed.
        predicted: what is to be scored.

    Raises:
        ValueError: predictions and annotations do not fit together.
    """
    if predicted.findings is not None and plan.content['protocols']:
        locate_images(predicted.findings, truth_to_evaluate(annotations), lenient=True)
    for table in predicted.labels:
        for label in table.labels:
            label_cases(table, annotations, label, lenient=True, allow_unlabelled=True)


def number_entries(scored: ScoredList) -> list[dict[str, Any]]:
    """Every number with what it is of, how many, how many of these where it is a share, and its interval."""
    entries = []
    for place, (protocol, result) in enumerate(scored.findings.items()):
        shares = _recalls(result)
        for name, estimate in result.numbers.items():
            entries.append(_entry(protocol, name, estimate, _findings(result, name), *shares.get(name, ())))
        in_slices = f'{result.slice_error_findings} findings that are found and have an annotated slice'
        entries += [_entry(protocol, name, estimate, in_slices) for name, estimate in result.slice_errors.items()]
        point = result.operating_point
        if point is not None:
            told = f'at the threshold {point.counts.threshold:.6g}'
            hit, total = point.counts.true_positives, result.counts['findings']
            entries.append(_entry(protocol, f'recall {told}', point.recall, _findings(result), hit, total))
            images = f'{result.counts["images_counted_for_fp"]} images'
            false = point.counts.false_positives
            entries.append(_entry(protocol, f'false positives an image {told}', point.fp_per_volume, images, false))
        if not place:
            breasts = _breasts(result)
            numbers, shares = {'breast_auc': result.breast_auc, **result.breast_numbers}, _breast_shares(result)
            entries += [
                _entry(BREASTS, TITLES[name], estimate, breasts, *shares.get(name, ()))
                for name, estimate in numbers.items()
            ]
            entries += [
                _entry(BREASTS, _CALIBRATION[name], estimate, breasts) for name, estimate in scored.calibration.items()
            ]
    for unit, results in scored.labels.items():
        for label, result in results.items():
            entries += [_label_entry(unit, label, result, name, one) for name, one in result.numbers.items()]
    return entries


def _entry(
    protocol: str, name: str, estimate: Estimate, of: str, numerator: int | None = None, denominator: int | None = None
) -> dict[str, Any]:
    return {'protocol': protocol, 'number': name, 'of': of, 'numerator': numerator, 'denominator': denominator,
            **estimate.as_dict()}  # fmt: skip


def _recalls(result: DetectionResult) -> dict[str, tuple[int, int]]:
    """Number that is a share of the findings to how many of them are hit, and how many there are."""
    findings = result.counts['findings']
    return {
        number.name: (round(number_value * findings), findings)
        for number in get_protocol(result.protocol).numbers
        if isinstance(number, RecallAtFp) and not np.isnan(number_value := result.numbers[number.name].value)
    }


def _breast_shares(result: DetectionResult) -> dict[str, tuple[int, int]]:
    """Number that is a share of the malignant or of the other breasts to how many of them it counts."""
    malignant = result.counts['malignant_breasts']
    of_kind = {'sensitivity': malignant, 'specificity': result.counts['breasts'] - malignant}
    return {
        name: (round(estimate.value * total), total)
        for name, estimate in result.breast_numbers.items()
        for kind, total in of_kind.items()
        if name.startswith(f'breast_{kind}_') and not np.isnan(estimate.value)
    }


def _findings(result: DetectionResult, name: str = '') -> str:
    """What a number of the protocol, or its threshold, is over."""
    counts, images = result.counts, result.counts['images_counted_for_fp']
    for number in get_protocol(result.protocol).numbers:
        if number.name == name:
            images = int(result.matched.counted_images[number.volumes].sum())
    return f'{counts["findings"]} findings, false positives over {images} images, {counts["patients"]} patients'


def _breasts(result: DetectionResult) -> str:
    counts = result.counts
    return f'{counts["malignant_breasts"]} malignant of {counts["breasts"]} breasts of {counts["patients"]} patients'


def _label_entry(unit: str, label: str, result: LabelResult, name: str, estimate: Estimate) -> dict[str, Any]:
    counts, confusion = result.counts, result.confusion
    parts = ', '.join(f'{counts[f"true_{one}"]} {one}' for one in result.classes or ('0', '1'))
    shares = {'accuracy': (int(np.trace(confusion)), int(confusion.sum()))}
    if not result.classes:
        shares['sensitivity'] = (int(confusion[1, 1]), int(confusion[1].sum()))
        shares['specificity'] = (int(confusion[0, 0]), int(confusion[0].sum()))
    return _entry(
        f'label of each {unit.lower()}',
        f'{label}: {name}',
        estimate,
        f'{counts["cases"]} cases of {counts["patients"]} patients ({parts})',
        *shares.get(name, ()),
    )


def _bootstrap(plan: EvidencePlan) -> Mapping[str, int]:
    return {'bootstrap': plan.content['bootstrap']['replicates'], 'seed': plan.content['bootstrap']['seed']}


def _calibration(
    predictions: Predictions | None, annotations: AnnotationSet, how: Mapping[str, int]
) -> tuple[dict[str, Estimate], ReliabilityTable | None]:
    """Whether the breasts' mean image scores are the shares of malignant breasts."""
    if predictions is None or predictions.image_scores is None:
        return {}, None
    truth = truth_to_evaluate(annotations)
    located, index, _ = locate_images(predictions, truth, lenient=True)
    breasts = scored_breasts(located, index, truth)
    cases = LabelCases(breasts.scores, breasts.labels.astype(np.int64), breasts.patient)
    draws = draw_patients(len(truth.patients), how['bootstrap'], np.random.default_rng(how['seed']))
    samples = cases.samples(draws)
    estimates = {name: samples[name].estimate() for name in _CALIBRATION}
    return estimates, reliability_table(breasts.scores, breasts.labels, NUM_BINS)
