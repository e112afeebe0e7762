"""Free-response ROC: recall against false positives per volume.

Matching is over: each prediction that counts is the first hit of a finding, a repeat, or a false positive. A bootstrap
replicate is the same list of predictions with each patient counted as often as drawn.

Glossary: E predictions that count, G findings, T thresholds, P patients, R replicates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

NO_FINDING = 'there is no annotated finding'
NO_VOLUME = 'there is no volume to count false positives in'


@dataclass(frozen=True)
class FrocCurve:
    """Operating points in order of falling threshold; the first one, at plus infinity, accepts nothing.

    Args:
        thresholds: (T,) a prediction passes when its score is at least this.
        fp_per_volume: (T,) never falling; NaN without volumes.
        recall: (T,) never falling; NaN without findings.
        has_hit: (T,) whether some prediction with exactly this score hits a finding, be it a repeat.
    """

    thresholds: np.ndarray
    fp_per_volume: np.ndarray
    recall: np.ndarray
    has_hit: np.ndarray

    def at(self, points: np.ndarray) -> FrocCurve:
        """Some of the points, by mask or position."""
        return FrocCurve(self.thresholds[points], self.fp_per_volume[points], self.recall[points], self.has_hit[points])

    def last_within(self, fp_per_volume: float) -> int:
        """Position of the last point with at most so many false positives per volume; -1 without volumes."""
        return int(np.searchsorted(self.fp_per_volume, fp_per_volume, side='right')) - 1

    def vertices(self) -> FrocCurve:
        """The same step curve with only the points at which its direction changes, for plotting and storing."""
        same_fp = np.diff(self.fp_per_volume) == 0
        same_recall = np.diff(self.recall) == 0
        inner = (same_fp[:-1] & same_fp[1:]) | (same_recall[:-1] & same_recall[1:])
        kept = np.ones(len(self.thresholds), bool)
        kept[1:-1] = ~inner
        return self.at(kept)


@dataclass(frozen=True)
class FrocEvents:
    """The predictions that count, best first, and what they are counted against.

    Args:
        scores: (E,) falling.
        is_tp: (E,) first hit of a finding.
        is_hit: (E,) hits a finding; those that are no true positive are repeats.
        is_fp: (E,) false positive.
        patient: (E,) position of the patient.
        finding_patient: (G,) patient of every finding that is to be found.
        volumes_per_patient: (P,) volumes in which false positives are counted.

    Raises:
        ValueError: scores rise.
    """

    scores: np.ndarray
    is_tp: np.ndarray
    is_hit: np.ndarray
    is_fp: np.ndarray
    patient: np.ndarray
    finding_patient: np.ndarray
    volumes_per_patient: np.ndarray

    def __post_init__(self) -> None:
        if (np.diff(self.scores) > 0).any():
            raise ValueError('scores of FROC events must fall: sort the predictions, best first')

    @property
    def missing(self) -> str:
        """Why there is no curve, empty where there is one."""
        if not len(self.finding_patient):
            return NO_FINDING
        return '' if self.volumes_per_patient.any() else NO_VOLUME

    @cached_property
    def last_of_score(self) -> np.ndarray:
        """(T - 1,) last position of each distinct score: predictions with equal scores pass together."""
        return np.flatnonzero(np.append(np.diff(self.scores) != 0, np.ones(min(1, len(self.scores)), bool)))

    def curve(self, patient_counts: np.ndarray | None = None, enough_fp: float = np.inf) -> FrocCurve:
        """The curve over all thresholds that change a count.

        Args:
            patient_counts: (P,) how often each patient counts, once by default.
            enough_fp: the curve may end once it has passed this many false positives per volume; a detector may leave a
                hundred times as many.
        """
        counts = np.ones(len(self.volumes_per_patient), np.int64) if patient_counts is None else patient_counts
        volumes, findings = int(counts @ self.volumes_per_patient), int(counts[self.finding_patient].sum())
        reach = int(min(2 * enough_fp * max(volumes, 1) + len(self.finding_patient) + 64, len(self.scores)))
        while True:
            ends = self.last_of_score[: np.searchsorted(self.last_of_score, reach)]
            curve = self._curve_to(ends, counts, volumes, findings)
            if len(ends) == len(self.last_of_score) or curve.fp_per_volume[-1] > enough_fp:
                return curve
            reach *= 2

    def _curve_to(self, ends: np.ndarray, counts: np.ndarray, volumes: int, findings: int) -> FrocCurve:
        used = slice(0, ends[-1] + 1 if len(ends) else 0)
        weights = counts[self.patient[used]]
        totals = [np.cumsum(weights * kind[used])[ends] for kind in (self.is_fp, self.is_tp, self.is_hit)]
        false_positives, found, hits = (np.concatenate([[0], total]) for total in totals)
        return FrocCurve(
            thresholds=np.concatenate([[np.inf], self.scores[ends]]),
            fp_per_volume=_ratio(false_positives, volumes),
            recall=_ratio(found, findings),
            has_hit=np.diff(hits, prepend=0) > 0,
        )


def recall_at_fp(curve: FrocCurve, fp_per_volume: float) -> float:
    """Largest recall among the thresholds with at most ``fp_per_volume`` (step rule).

    NaN without findings or volumes.
    """
    return float(curve.recall[last]) if (last := curve.last_within(fp_per_volume)) >= 0 else float('nan')


def mean_recall_at_fp(curve: FrocCurve, fp_points: Sequence[float]) -> float:
    """Mean of :func:`recall_at_fp` over some points: the competition performance metric (CPM).

    NaN without findings or volumes.

    Raises:
        ValueError: there is no point.

    Source: Niemeijer et al., On combining computer-aided detection systems, IEEE TMI 2011 (points 1/8, 1/4, ..., 8).
    """
    if not len(fp_points):
        raise ValueError('mean_recall_at_fp needs at least one number of false positives per volume')
    return float(np.mean([recall_at_fp(curve, point) for point in fp_points]))


def interpolated_recall_at_fp(curve: FrocCurve, fp_per_volume: float) -> float:
    """Recall on the straight lines between the operating points of the hits; flat where the curve ends.

    The points are those at which nothing passes, at the score of each hit, repeats included, and at which all passes.
    NaN without findings or volumes.

    Source: DBTex challenge, evaluation.
    """
    if np.isnan(curve.fp_per_volume[0]):
        return float('nan')
    chosen = curve.has_hit.copy()
    chosen[[0, -1]] = True
    knots = curve.at(chosen)
    return float(np.interp(fp_per_volume, knots.fp_per_volume, knots.recall))


def area_under_froc(curve: FrocCurve, max_fp_per_volume: float) -> float:
    """Area under the step curve from 0 to ``max_fp_per_volume``, which goes on flat where it ends.

    Not normalised: with a limit of 1 it is the mean recall. NaN without findings or volumes.
    """
    edges = np.minimum(np.append(curve.fp_per_volume, max_fp_per_volume), max_fp_per_volume)
    return float(np.sum(curve.recall * np.diff(edges)))


def resample_numbers(
    events: FrocEvents, numbers: Sequence[Callable[[FrocCurve], float]], draws: np.ndarray, enough_fp: float = np.inf
) -> np.ndarray:
    """Numbers of data sets in which patient p occurs ``draws[r, p]`` times.

    Args:
        events: what was predicted.
        numbers: X functions of the curve.
        draws: (R, P) non-negative counts.
        enough_fp: see :meth:`FrocEvents.curve`; the largest number of false positives per volume that any number reads.

    Returns:
        (R, X), NaN where a replicate has no finding or no volume.
    """
    samples = np.empty((len(draws), len(numbers)))
    for replicate, counts in enumerate(draws):
        curve = events.curve(counts, enough_fp)
        samples[replicate] = [number(curve) for number in numbers]
    return samples


def _ratio(counts: np.ndarray, total: int) -> np.ndarray:
    return counts / total if total else np.full(len(counts), np.nan)
