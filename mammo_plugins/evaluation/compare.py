"""Two sets of predictions for the same images, number by number.

Glossary: I images, P patients, R replicates. A difference is always the second model less the first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from .breast_scores import scored_breasts
from .detection_truth import DetectionTruth, truth_to_evaluate
from .functional import (
    FrocCurve,
    FrocEvents,
    PairedDifference,
    ScoredCases,
    as_ranks,
    compare_aucs,
    draw_patients,
    permutation_difference,
    plain_values,
    roc_auc,
)
from .matching import MatchedDetections, locate_images, match_detections
from .number_samples import NumberSample, sample_breast_numbers, sample_difference, sample_numbers
from .predictions import Predictions
from .protocols import DetectionProtocol, get_protocol
from .reported_numbers import BREAST_NUMBERS
from .slice_errors import sample_slice_errors

if TYPE_CHECKING:
    from mammo_plugins.io import AnnotationSet


@dataclass(frozen=True)
class ModelComparison:
    """How two models differ under one protocol.

    Args:
        protocol: name of the protocol.
        differences: by number, interval and p-value by paired bootstrap; ``breast_auc`` by DeLong.
        permutation_p_values: by number, of exchanging the models' names patient by patient; for the numbers off FROC
            and ROC curves. Empty where no permutation was asked for.
    """

    protocol: str
    differences: dict[str, PairedDifference]
    permutation_p_values: dict[str, float]

    def as_dict(self) -> dict[str, object]:
        """Plain values for json."""
        differences = {name: difference.as_dict() for name, difference in self.differences.items()}
        p_values = plain_values(self.permutation_p_values)
        return {'protocol': self.protocol, 'differences': differences, 'permutation_p_values': p_values}


@dataclass(frozen=True)
class _Scored:
    """One model's predictions, matched."""

    matched: MatchedDetections
    samples: dict[str, NumberSample]
    breasts: ScoredCases


def compare_detections(
    first: Predictions,
    second: Predictions,
    annotations: AnnotationSet,
    protocol: str | DetectionProtocol = 'mm3d',
    bootstrap: int = 1000,
    permutations: int = 0,
    seed: int = 0,
    lenient: bool = False,
) -> ModelComparison:
    """Tests whether two models differ on the same patients.

    Args:
        first, second: what each model found.
        annotations: the evaluated images.
        protocol: a name from :data:`~mammo_plugins.evaluation.protocols.PROTOCOLS` or an object of one's own.
        bootstrap: replicates of the paired bootstrap; both models see the same drawn patients.
        permutations: replicates of the permutation test, 0 for none.
        seed: seed of both.
        lenient: leave predictions of images that are not evaluated out instead of refusing them.

    Raises:
        ValueError: no image is evaluated, no replicate is asked for, or predictions and annotations do not fit.
    """
    protocol = get_protocol(protocol)
    truth = truth_to_evaluate(annotations)
    rng = np.random.default_rng(seed)
    draws = draw_patients(len(truth.patients), bootstrap, rng)
    one, other = (_score(predictions, truth, protocol, draws, lenient) for predictions in (first, second))
    differences = {name: sample_difference(one.samples[name], other.samples[name]) for name in one.samples}
    if not one.breasts.missing_class:
        scores = np.stack([one.breasts.scores, other.breasts.scores])
        differences['breast_auc'] = compare_aucs(scores, one.breasts.labels)
    p_values = {}
    if permutations:
        statistics = _exchange_statistics(one.matched, other.matched, protocol)
        if 'breast_auc' in differences:
            statistics |= _breast_statistics(one.breasts, other.breasts)
        for name, statistic in statistics.items():
            p_values[name] = permutation_difference(statistic, len(truth.patients), permutations, rng).p_value
    return ModelComparison(protocol.name, differences, p_values)


def _score(
    predictions: Predictions, truth: DetectionTruth, protocol: DetectionProtocol, draws: np.ndarray, lenient: bool
) -> _Scored:
    located, image_index, _ = locate_images(predictions, truth, lenient)
    matched = match_detections(located, image_index, truth, protocol)
    breasts = scored_breasts(located, image_index, truth)
    samples = sample_numbers(located, image_index, truth, matched, protocol, draws)
    samples |= sample_slice_errors(located, truth, matched, protocol, draws)
    return _Scored(matched, samples | sample_breast_numbers(breasts, draws), breasts)


def _breast_statistics(
    first: ScoredCases, second: ScoredCases
) -> dict[str, Callable[[np.ndarray], tuple[float, float]]]:
    """For each number of breasts, its values once the breasts of some patients have exchanged their ranks."""
    ranks = np.stack([as_ranks(first.scores), as_ranks(second.scores)])

    def statistic(number: Callable[[ScoredCases], float]) -> Callable[[np.ndarray], tuple[float, float]]:
        def after(exchanged: np.ndarray) -> tuple[float, float]:
            mixed = np.where(exchanged[first.patient], ranks[::-1], ranks)
            one, other = (number(replace(first, scores=scores)) for scores in mixed)
            return one, other

        return after

    numbers = {number.name: statistic(lambda c, n=number: n.of_counts(c.counts())) for number in BREAST_NUMBERS}
    return {'breast_auc': statistic(lambda cases: roc_auc(cases.scores, cases.labels)), **numbers}


def _exchange_statistics(
    first: MatchedDetections, second: MatchedDetections, protocol: DetectionProtocol
) -> dict[str, Callable[[np.ndarray], tuple[float, float]]]:
    """For each number off a FROC curve, its values once some patients have exchanged their predictions."""
    merged = {
        volumes: _merge(first.events(volumes), second.events(volumes))
        for volumes in {number.volumes for number in protocol.numbers}
    }
    return {
        number.name: _number_after_exchange(merged[number.volumes], number, number.enough_fp)
        for number in protocol.numbers
        if len(first.findings) and first.counted_images[number.volumes].any()
    }


def _number_after_exchange(
    merged: FrocEvents, number: Callable[[FrocCurve], float], enough_fp: float
) -> Callable[[np.ndarray], tuple[float, float]]:
    def statistic(exchanged: np.ndarray) -> tuple[float, float]:
        counts = np.concatenate([~exchanged, exchanged]).astype(np.int64)
        return number(merged.curve(counts, enough_fp)), number(merged.curve(1 - counts, enough_fp))

    return statistic


def _merge(first: FrocEvents, second: FrocEvents) -> FrocEvents:
    """Both models' predictions in one list, as if those of the second came from P further patients.

    Counting patient p of the first or patient P + p of the second then gives the curve of any exchange. Scores of two
    models are not comparable; the false positives per volume that each threshold costs its model are.
    """
    num_patients = len(first.volumes_per_patient)
    first, second = (replace(events, scores=_by_false_positives(events)) for events in (first, second))

    def joined(name: str) -> np.ndarray:
        return np.concatenate([getattr(first, name), getattr(second, name)])

    order = np.argsort(-joined('scores'), kind='stable')

    return FrocEvents(
        scores=joined('scores')[order],
        is_tp=joined('is_tp')[order],
        is_hit=joined('is_hit')[order],
        is_fp=joined('is_fp')[order],
        patient=np.concatenate([first.patient, second.patient + num_patients])[order],
        finding_patient=np.concatenate([first.finding_patient, second.finding_patient + num_patients]),
        volumes_per_patient=joined('volumes_per_patient'),
    )


def _by_false_positives(events: FrocEvents) -> np.ndarray:
    """(E,) scores that count how few false positives pass with each prediction; they order as the scores do."""
    total = np.cumsum(events.is_fp)
    ends = events.last_of_score
    group = np.searchsorted(ends, np.arange(len(events.scores)))
    return -total[ends][group].astype(np.float64) if len(ends) else np.zeros(0)
