"""Free-response ROC: recall against false positives per volume.

All functions read the same few arrays: the score at which each finding is found (minus infinity for never) and the
scores of the false positives. Matching is over by then.

Glossary: G findings, F false positives, T thresholds, P patients, R replicates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class FrocCurve:
    """Operating points in order of falling threshold; the first one, at plus infinity, accepts nothing.

    Args:
        thresholds: (T,) a prediction passes when its score is at least this.
        fp_per_volume: (T,) never falling.
        recall: (T,) never falling; NaN where there is no finding.
    """

    thresholds: np.ndarray
    fp_per_volume: np.ndarray
    recall: np.ndarray

    def vertices(self) -> FrocCurve:
        """The same step curve with only the points at which its direction changes, for plotting and storing."""
        same_fp = np.diff(self.fp_per_volume) == 0
        same_recall = np.diff(self.recall) == 0
        inner = (same_fp[:-1] & same_fp[1:]) | (same_recall[:-1] & same_recall[1:])
        kept = np.ones(len(self.thresholds), bool)
        kept[1:-1] = ~inner
        return FrocCurve(self.thresholds[kept], self.fp_per_volume[kept], self.recall[kept])


def froc_curve(finding_scores: np.ndarray, fp_scores: np.ndarray, num_volumes: int) -> FrocCurve:
    """The curve over all thresholds that change a count; equal scores share one threshold.

    Args:
        finding_scores: (G,).
        fp_scores: (F,).
        num_volumes: images over which the false positives were counted; 0 gives NaN.
    """
    found = np.sort(finding_scores[np.isfinite(finding_scores)])
    false = np.sort(fp_scores)
    thresholds = np.concatenate([[np.inf], np.unique(np.concatenate([found, false]))[::-1]])
    hits = len(found) - np.searchsorted(found, thresholds, side='left')
    false_positives = len(false) - np.searchsorted(false, thresholds, side='left')
    return FrocCurve(thresholds, _ratio(false_positives, num_volumes), _ratio(hits, len(finding_scores)))


def recall_at_fp(finding_scores: np.ndarray, fp_scores: np.ndarray, num_volumes: int, fp_per_volume: float) -> float:
    """Largest recall among the thresholds with at most ``fp_per_volume`` false positives a volume (step rule).

    NaN without findings or volumes.
    """
    if len(finding_scores) == 0 or num_volumes == 0:
        return float('nan')
    ranked = -np.sort(-fp_scores)
    too_many = np.arange(1, len(ranked) + 1) / num_volumes > fp_per_volume
    bound = ranked[np.argmax(too_many)] if too_many.any() else -np.inf
    return float(np.mean(finding_scores > bound))


def resampled_recall_at_fp(
    finding_scores: np.ndarray,
    finding_patient: np.ndarray,
    fp_scores: np.ndarray,
    fp_patient: np.ndarray,
    volumes_per_patient: np.ndarray,
    draws: np.ndarray,
    fp_points: tuple[float, ...],
) -> np.ndarray:
    """:func:`recall_at_fp` of data sets in which patient p occurs ``draws[r, p]`` times.

    Args:
        finding_scores, finding_patient: (G,).
        fp_scores, fp_patient: (F,).
        volumes_per_patient: (P,).
        draws: (R, P) non-negative counts.
        fp_points: X false positives per volume.

    Returns:
        (R, X) recall, NaN where a replicate has no finding or no volume.
    """
    order = np.argsort(-fp_scores, kind='stable')
    ranked, ranked_patient = fp_scores[order], fp_patient[order]
    volumes = draws @ volumes_per_patient
    recalls = np.full((len(draws), len(fp_points)), np.nan)
    for replicate, counts in enumerate(draws):
        weights = counts[finding_patient]
        total = weights.sum()
        if total == 0 or volumes[replicate] == 0:
            continue
        positions = _positions_over(counts, ranked_patient, int(volumes[replicate]), fp_points)
        for point, position in enumerate(positions):
            bound = ranked[position] if position < len(ranked) else -np.inf
            recalls[replicate, point] = weights[finding_scores > bound].sum() / total
    return recalls


def _positions_over(
    counts: np.ndarray, ranked_patient: np.ndarray, num_volumes: int, fp_points: tuple[float, ...]
) -> np.ndarray:
    """(X,) for each point the first rank at which the false positives a volume exceed it, F where they never do.

    Only the ranks down to the largest point are summed: a detector may leave a hundred times as many.
    """
    reach = int(2 * max(fp_points) * num_volumes) + 64
    while True:
        accepted = np.cumsum(counts[ranked_patient[:reach]]) / num_volumes
        if reach >= len(ranked_patient) or accepted[-1] > max(fp_points):
            return np.searchsorted(accepted, fp_points, side='right')
        reach *= 2


def _ratio(counts: np.ndarray, total: int) -> np.ndarray:
    return counts / total if total else np.full(len(counts), np.nan)
