"""How far from the annotated slice a detector finds what it finds."""

from __future__ import annotations

import numpy as np

from .detection_truth import DetectionTruth
from .functional import threshold_at_fp
from .matching import MatchedDetections
from .number_samples import NumberSample
from .predictions import Predictions
from .protocols import DetectionProtocol

_FP_PER_VOLUME = 1.0
_NONE_FOUND = 'no finding with an annotated slice is found'


def sample_slice_errors(
    predictions: Predictions,
    truth: DetectionTruth,
    matched: MatchedDetections,
    protocol: DetectionProtocol,
    draws: np.ndarray | None,
) -> dict[str, NumberSample]:
    """Mean distance of the predicted from the annotated slice, as ``z_error_slices`` and ``z_error_mm``.

    Over the findings of volumes that are found with at most one false positive per volume, each by its best hit. The
    threshold is that of the full data in every replicate. Under a protocol that asks for the slice, far hits are no
    hits; ``mm3d-2d`` shows how far they lie. Empty where no volume is evaluated; without mm where no volume states the
    distance of its slices.

    Args:
        predictions: N rows.
        truth: the evaluated images.
        matched: the same, matched under the protocol.
        protocol: the rules.
        draws: (R, P) how often each patient occurs in each replicate; None for no replicates.
    """
    is_volume = truth.num_slices > 1
    if not is_volume.any():
        return {}
    best, finding, image = _found_in_slices(truth, matched, protocol)
    errors = np.abs(predictions.slices[best] - truth.slice_index[finding])
    patients = truth.patient_index[image]
    samples = {'z_error_slices': _mean(errors, patients, draws, '')}
    if not np.isnan(truth.slice_spacing_mm[is_volume]).all():
        in_mm = errors * truth.slice_spacing_mm[image]
        unknown = int(np.isnan(in_mm).sum())
        missing = f'the distance of slices is unknown for {unknown} of {len(in_mm)} findings' if unknown else ''
        samples['z_error_mm'] = _mean(in_mm, patients, draws, missing)
    return samples


def count_slice_errors(truth: DetectionTruth, matched: MatchedDetections, protocol: DetectionProtocol) -> int:
    """How many findings :func:`sample_slice_errors` takes the mean over."""
    return len(_found_in_slices(truth, matched, protocol)[0])


def _found_in_slices(
    truth: DetectionTruth, matched: MatchedDetections, protocol: DetectionProtocol
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(n,) best hit, finding and image of each finding of a volume that is found and has an annotated slice."""
    threshold = threshold_at_fp(matched.events(protocol.curve_volumes).curve(), _FP_PER_VOLUME)
    best = np.flatnonzero(matched.is_tp & (matched.scores >= threshold))
    finding = matched.findings[matched.finding_index[best]]
    image = truth.image_index[finding]
    known = (truth.num_slices > 1)[image] & ~np.isnan(truth.slice_index[finding])
    return best[known], finding[known], image[known]


def _mean(errors: np.ndarray, patients: np.ndarray, draws: np.ndarray | None, missing: str) -> NumberSample:
    if missing or not len(errors):
        return NumberSample(float('nan'), missing=missing or _NONE_FOUND)
    value = float(errors.mean())
    if draws is None:
        return NumberSample(value)
    weights = draws[:, patients]
    drawn = weights.sum(axis=1)
    return NumberSample(value, np.divide(weights @ errors, drawn, out=np.full(len(draws), np.nan), where=drawn > 0))
