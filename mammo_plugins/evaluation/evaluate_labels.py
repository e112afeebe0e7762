"""Scoring predicted labels, whole or by group, and comparing two models; needs neither torch nor mmengine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from .compare import ModelComparison
from .functional import (
    Estimate,
    ReliabilityTable,
    ScoredCases,
    ThresholdCounts,
    as_ranks,
    auc_with_delong,
    compare_aucs,
    draw_patients,
    permutation_difference,
    reliability_table,
    roc_auc,
)
from .label_numbers import NUM_BINS, LabelCases, plain_table
from .label_predictions import LabelKey, LabelPredictions
from .label_truth import images_by_unit, require_label, true_labels
from .number_samples import sample_difference
from .predictions import PredictionsError
from .subgroups import IMAGE_GROUPS

if TYPE_CHECKING:
    from mammo_plugins.io import AnnotationSet


@dataclass(frozen=True)
class LabelResult:
    """How well a label is predicted.

    Args:
        label: its name.
        unit: ``View``, ``Side`` or ``Pair``.
        classes: in order; none for a label that is there or not.
        numbers: by name. ``auc`` has DeLong's interval, which takes cases as independent; ``auc_by_patient`` is the
            same number with the bootstrap's.
        confusion: (K, K) true class (row) against predicted class (column).
        roc: counts at every threshold; None for a label with classes.
        reliability: probability against observed share; None for a label with classes or without cases.
        counts: what the numbers rest on.
        notes: sentences that a reader must see.
    """

    label: str
    unit: str
    classes: tuple[str, ...]
    numbers: dict[str, Estimate]
    confusion: np.ndarray
    roc: ThresholdCounts | None
    reliability: ReliabilityTable | None
    counts: dict[str, int]
    notes: list[str]

    def as_dict(self) -> dict[str, object]:
        """Plain values for json."""
        return {
            'label': self.label,
            'unit': self.unit,
            'classes': list(self.classes),
            'metrics': {name: estimate.as_dict() for name, estimate in self.numbers.items()},
            'confusion': self.confusion.tolist(),
            'reliability': None if self.reliability is None else plain_table(asdict(self.reliability)),
            'counts': self.counts,
            'notes': self.notes,
        }


def evaluate_labels(
    predictions: LabelPredictions,
    annotations: AnnotationSet,
    bootstrap: int = 0,
    seed: int = 0,
    lenient: bool = False,
    threshold: float = 0.5,
    allow_unlabelled: bool = False,
) -> dict[str, LabelResult]:
    """Scores every label of a file; cases whose truth or prediction is unknown are left out and counted.

    Args:
        predictions: what was predicted.
        annotations: the evaluated images; select split and modality before.
        bootstrap: replicates of patients for the intervals, 0 for none.
        seed: seed of the bootstrap.
        lenient: leave rows of what is not evaluated out instead of refusing them.
        threshold: probability from which on a label without classes is called present.
        allow_unlabelled: a label that no image has gives a result without cases instead of an error.

    Raises:
        ValueError: a row or label is not in the annotations.
    """
    results = {}
    for label in predictions.labels:
        cases, counts = label_cases(
            predictions, annotations, label, lenient, threshold, allow_unlabelled=allow_unlabelled
        )
        results[label] = _score(cases, counts, label, predictions, bootstrap, seed)
    return results


def evaluate_label_subgroups(
    predictions: LabelPredictions,
    annotations: AnnotationSet,
    by: str,
    lenient: bool = False,
    allow_unlabelled: bool = False,
    **options,
) -> dict[str, dict[str, LabelResult]]:
    """Group to label to result, see :func:`evaluate_labels`; a breast or pair is in the group of each of its images.

    A group in which no image has a label has a result without cases.

    Raises:
        ValueError: there is no such grouping of images, or as for :func:`evaluate_labels`.
    """
    if by not in IMAGE_GROUPS:
        raise ValueError(f'unknown subgroup {by!r} of labels: choose one of {", ".join(IMAGE_GROUPS)}')
    units = images_by_unit(annotations, predictions.unit, predictions.keys)
    _refuse_strangers(predictions, set(units), lenient)
    for label in () if allow_unlabelled else predictions.labels:
        require_label(annotations, units, label)
    groups_of = {key: {IMAGE_GROUPS[by](image) for image in images} for key, images in units.items()}
    results = {}
    for group in sorted(set().union(*groups_of.values())):
        members = {key for key, groups in groups_of.items() if group in groups}
        kept = [key in members for key in predictions.keys]
        ids = {image.id for key in members for image in units[key]}
        part = annotations.keep(image.id in ids for image in annotations.images)
        results[group] = evaluate_labels(predictions.keep(kept), part, allow_unlabelled=True, **options)
    return results


def compare_labels(
    first: LabelPredictions,
    second: LabelPredictions,
    annotations: AnnotationSet,
    bootstrap: int = 1000,
    permutations: int = 0,
    seed: int = 0,
    lenient: bool = False,
    threshold: float = 0.5,
    allow_unlabelled: bool = False,
) -> dict[str, ModelComparison]:
    """Tests whether two models differ, on the cases that both predicted.

    Returns:
        Label to differences (second less first): ``auc`` by DeLong, all else by paired bootstrap of patients.

    Raises:
        ValueError: the files speak of different units or share no label, or as for :func:`evaluate_labels`.
    """
    if first.unit != second.unit:
        raise ValueError(f'labels of a {first.unit} and of a {second.unit} cannot be compared')
    shared = [label for label, classes in first.labels.items() if second.labels.get(label, None) == classes]
    if not shared:
        raise ValueError(f'no label in common: {", ".join(first.labels)} and {", ".join(second.labels)}')
    results = {}
    for label in shared:
        one, other = _common_cases(first, second, annotations, label, lenient, threshold, allow_unlabelled)
        rng = np.random.default_rng(seed)
        draws = draw_patients(int(one.patient.max(initial=0)) + 1, bootstrap, rng)
        samples = one.samples(draws), other.samples(draws)
        differences = {name: sample_difference(samples[0][name], samples[1][name]) for name in samples[0]}
        p_values = _permute(one, other, permutations, rng) if permutations else {}
        if not _scored(one).missing_class:
            differences['auc_by_patient'] = differences['auc']
            differences['auc'] = compare_aucs(np.stack([one.probabilities, other.probabilities]), one.truth == 1)
        results[label] = ModelComparison(label, differences, p_values)
    return results


def _scored(cases: LabelCases) -> ScoredCases:
    """Cases of a label that is there or not; none for one with classes, which has no single ROC curve."""
    if cases.probabilities.ndim > 1:
        return ScoredCases.of_single_patients(np.zeros(0), np.zeros(0))
    return ScoredCases.of_single_patients(cases.probabilities, cases.truth == 1)


def _permute(one: LabelCases, other: LabelCases, replicates: int, rng: np.random.Generator) -> dict[str, float]:
    """p-values of exchanging the models patient by patient; the AUC's by ranks, since scales may differ."""
    patients = int(one.patient.max(initial=0)) + 1

    def mixed(exchanged: np.ndarray, first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        swap = exchanged[one.patient].reshape(-1, *[1] * (first.ndim - 1))
        return np.where(swap, second, first), np.where(swap, first, second)

    def number(name: str) -> Callable[[np.ndarray], tuple[float, float]]:
        def after(exchanged: np.ndarray) -> tuple[float, float]:
            a, b = mixed(exchanged, one.probabilities, other.probabilities)
            return replace(one, probabilities=a).numbers()[name], replace(other, probabilities=b).numbers()[name]

        return after

    def auc(exchanged: np.ndarray) -> tuple[float, float]:
        a, b = mixed(exchanged, as_ranks(one.probabilities), as_ranks(other.probabilities))
        return roc_auc(a, one.truth == 1), roc_auc(b, one.truth == 1)

    statistics = {'balanced_accuracy': number('balanced_accuracy')}
    if one.probabilities.ndim > 1:
        statistics['quadratic_kappa'] = number('quadratic_kappa')
    elif not _scored(one).missing_class:
        statistics['auc'] = auc
    return {
        name: permutation_difference(statistic, patients, replicates, rng).p_value
        for name, statistic in statistics.items()
    }


def _common_cases(
    first: LabelPredictions,
    second: LabelPredictions,
    annotations: AnnotationSet,
    label: str,
    lenient: bool,
    threshold: float,
    allow_unlabelled: bool,
) -> tuple[LabelCases, LabelCases]:
    """The cases that both predict, in one order."""
    shared = set(first.keys) & set(second.keys)
    parts = []
    for predictions in (first, second):
        kept = predictions.keep([key in shared for key in predictions.keys])
        order = np.argsort([str(key) for key in kept.keys], kind='stable')
        parts.append(kept.take(order))
    known = [_complete(part.probabilities(label)) for part in parts]
    one, other = (part.keep(known[0] & known[1]) for part in parts)
    return (
        label_cases(one, annotations, label, lenient, threshold, allow_unlabelled=allow_unlabelled)[0],
        label_cases(other, annotations, label, lenient, threshold, allow_unlabelled=allow_unlabelled)[0],
    )


def label_cases(
    predictions: LabelPredictions,
    annotations: AnnotationSet,
    label: str,
    lenient: bool = False,
    threshold: float = 0.5,
    patients: Sequence[str] | None = None,
    allow_unlabelled: bool = False,
) -> tuple[LabelCases, dict[str, int]]:
    """The cases of a label, and how many there are and are not.

    Args:
        predictions, annotations, lenient, threshold, allow_unlabelled: as for :func:`evaluate_labels`.
        label: one of those that are predicted.
        patients: names by which the positions of patients are told; None for those that have a case.

    Raises:
        ValueError: as for :func:`evaluate_labels`.
    """
    units = images_by_unit(annotations, predictions.unit, predictions.keys)
    strangers = _refuse_strangers(predictions, set(units), lenient)
    predictions = predictions.keep([key in units for key in predictions.keys])
    classes = predictions.labels[label]
    truth = true_labels(annotations, units, predictions.keys, label, classes, allow_unlabelled)
    probabilities = predictions.probabilities(label)
    predicted = _complete(probabilities)
    usable = predicted & ~np.isnan(truth)
    names = [key.patient_id for key, used in zip(predictions.keys, usable) if used]
    place = {name: index for index, name in enumerate(dict.fromkeys(names) if patients is None else patients)}
    cases = LabelCases(
        probabilities[usable],
        truth[usable].astype(np.int64),
        np.asarray([place[name] for name in names], np.int64),
        threshold,
    )
    counts = {
        'evaluated': len(units),
        'cases': len(cases),
        'patients': len(set(names)),
        'unknown_truth': int((predicted & np.isnan(truth)).sum()),
        'without_prediction': len(units) - int(predicted.sum()),
        'dropped_for_unknown_unit': strangers,
    }
    return cases, counts


def _score(
    cases: LabelCases, counts: dict[str, int], label: str, predictions: LabelPredictions, bootstrap: int, seed: int
) -> LabelResult:
    draws = None
    if bootstrap and counts['patients']:
        draws = draw_patients(counts['patients'], bootstrap, np.random.default_rng(seed))
    numbers = {name: sample.estimate() for name, sample in cases.samples(draws).items()}
    roc, reliability = None, None
    if cases.probabilities.ndim == 1:
        by_patient = {'auc_by_patient': numbers['auc']} if draws is not None else {}
        numbers = {'auc': auc_with_delong(cases.probabilities, cases.truth == 1), **by_patient} | {
            name: number for name, number in numbers.items() if name != 'auc'
        }
        roc = _scored(cases).counts()
        reliability = reliability_table(cases.probabilities, cases.truth == 1, NUM_BINS) if len(cases) else None
    classes = predictions.labels[label]
    counts |= {f'true_{name}': int(n) for name, n in zip(classes or ('0', '1'), cases.confusion.sum(axis=1))}
    return LabelResult(
        label, predictions.unit, classes, numbers, cases.confusion, roc, reliability, counts, _notes(counts)
    )


def _notes(counts: dict[str, int]) -> list[str]:
    sentences = {
        'unknown_truth': 'cases whose truth is unknown or none of the predicted classes',
        'without_prediction': 'evaluated cases that the file does not predict',
        'dropped_for_unknown_unit': 'rows for what is not evaluated',
    }
    return [f'Left out: {counts[name]} {text}.' for name, text in sentences.items() if counts[name]]


def _refuse_strangers(predictions: LabelPredictions, known: set[LabelKey], lenient: bool) -> int:
    strangers = [key for key in predictions.keys if key not in known]
    if strangers and not lenient:
        raise PredictionsError(
            f'{predictions.source}: {predictions.unit} {strangers[0]} is not among the {len(known)} evaluated ones '
            f'({len(strangers)} such rows): check the split and the modality, or be lenient (--lenient)'
        )
    return len(strangers)


def _complete(probabilities: np.ndarray) -> np.ndarray:
    """(n,) rows of (n,) or (n, K) probabilities without NaN."""
    unknown = np.isnan(probabilities)
    return ~(unknown if unknown.ndim == 1 else unknown.any(axis=1))
