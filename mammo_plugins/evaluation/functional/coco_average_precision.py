"""COCO's average precision from matched detections, and its bootstrap.

Precision is read at 101 recalls from 0 to 1 off the curve that never rises. Unlike elsewhere here, detections with
equal scores pass one after the other, in their given order, as in COCO.

Glossary: E detections, K of them true, G findings, P patients, R replicates.

Source: Lin et al., Microsoft COCO, ECCV 2014, and its evaluation code's definition of AP.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

_RECALLS = np.linspace(0, 1, 101)


@dataclass(frozen=True)
class RankedDetections:
    """Detections of all images, best first.

    Args:
        is_true: (E,) matches a finding of its own.
        patient: (E,) position of the patient.
        finding_patient: (G,) patient of every finding.
        num_patients: P.
    """

    is_true: np.ndarray
    patient: np.ndarray
    finding_patient: np.ndarray
    num_patients: int

    def average_precision(self) -> float:
        """AP on the data as they are; NaN without findings."""
        return float(self.resampled(np.ones((1, self.num_patients), np.int64))[0])

    def resampled(self, draws: np.ndarray) -> np.ndarray:
        """AP of data sets in which patient p occurs ``draws[r, p]`` times.

        Precision can only peak at a true detection, so that all there is to know are the false detections of each
        patient between one true detection and the next.

        Args:
            draws: (R, P) non-negative counts.

        Returns:
            (R,) NaN where a replicate has no finding.
        """
        findings = draws[:, self.finding_patient].sum(axis=1)
        found = np.cumsum(draws[:, self.patient[self.is_true]], axis=1)
        wrong = np.cumsum(self._false_between() @ draws.T, axis=0).T
        precision = np.divide(found, found + wrong, out=np.zeros(found.shape), where=found > 0)
        precision = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
        return np.array([_mean_precision(*row) for row in zip(precision, found, findings)])

    def _false_between(self) -> sparse.csr_array:
        """(K, P) false detections of each patient since the true detection before, up to each true one."""
        next_true = np.searchsorted(np.flatnonzero(self.is_true), np.arange(len(self.is_true)))
        num_true = int(self.is_true.sum())
        used = ~self.is_true & (next_true < num_true)
        cells = (np.ones(used.sum(), np.int64), (next_true[used], self.patient[used]))
        return sparse.coo_array(cells, shape=(num_true, self.num_patients)).tocsr()


def _mean_precision(precision: np.ndarray, found: np.ndarray, findings: int) -> float:
    if findings == 0:
        return float('nan')
    first = np.searchsorted(found / findings, _RECALLS, side='left')
    return float(np.append(precision, 0.0)[first].mean())
