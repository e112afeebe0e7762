"""The saliency maps of two models for the same images, number by number.

Glossary: n images with an annotated region of a class, P patients. A difference is the second model less the first.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .compare import ModelComparison
from .evaluate_saliency import evaluated_maps, overlaps_by_class
from .functional import draw_patients, permutation_difference
from .number_samples import sample_difference
from .saliency_numbers import SaliencyOverlaps

if TYPE_CHECKING:
    from mammo_plugins.io import AnnotationSet

_PERMUTED = ('dice', 'iou', 'ior', 'iogt', 'TIoU', 'TIoR', 'soft_dice', 'pxap_image')


def compare_saliency(
    first: str | Path,
    second: str | Path,
    annotations: AnnotationSet,
    threshold: float = 0.5,
    bootstrap: int = 1000,
    permutations: int = 0,
    seed: int = 0,
    lenient: bool = False,
    grid: str = 'map',
) -> dict[str, ModelComparison]:
    """Tests whether two models differ, on the images that both have a map of.

    Args:
        first, second: folders of maps.
        annotations: the evaluated images.
        threshold: saliency from which on a pixel is called part of a finding.
        bootstrap: replicates of the paired bootstrap of patients.
        permutations: replicates of the permutation test of the means over images, 0 for none.
        seed: seed of both.
        lenient: leave maps of images that are not evaluated out instead of refusing them.
        grid: each map's own cells (``map``), or stored pixels (``image``); see
            :func:`~.evaluate_saliency.evaluate_saliency`.

    Returns:
        Class to differences.

    Raises:
        ValueError: the folders share no class, or as for :func:`~.evaluate_saliency.evaluate_saliency`.
    """
    indices = [evaluated_maps(folder, annotations, lenient)[0] for folder in (first, second)]
    shared = set.intersection(*({(entry.key, entry.category) for entry in entries} for entries in indices))
    if not shared:
        raise ValueError(f'{first} and {second} have no map of the same image and class: nothing can be compared')
    one, other = (
        overlaps_by_class(
            folder,
            [entry for entry in entries if (entry.key, entry.category) in shared],
            annotations,
            threshold,
            by_patient=bootstrap > 0,
            grid=grid,
        )
        for folder, entries in zip((first, second), indices)
    )
    patients = list(
        dict.fromkeys(entry.key.patient_id for entry in indices[0] if (entry.key, entry.category) in shared)
    )
    results = {}
    for category in one:
        seen = set(other[category].keys)  # a region may be too small for the pixels of one of two maps
        keys = [key for key in one[category].keys if key in seen]
        pair = one[category].of(keys), other[category].of(keys)
        results[category] = _compare(category, *pair, patients, bootstrap, permutations, np.random.default_rng(seed))
    return results


def _compare(
    category: str,
    one: SaliencyOverlaps,
    other: SaliencyOverlaps,
    patients: list[str],
    bootstrap: int,
    permutations: int,
    rng: np.random.Generator,
) -> ModelComparison:
    draws = draw_patients(len(patients), bootstrap, rng) if one.keys else None
    samples, others = one.samples(draws, patients), other.samples(draws, patients)
    differences = {name: sample_difference(samples[name], others[name]) for name in samples}
    p_values = {}
    if permutations and one.keys:
        first, second = one.per_image(), other.per_image()
        for name in _PERMUTED:
            statistic = _means_after_exchange(first[name], second[name], one.patient_index())
            p_values[name] = permutation_difference(statistic, one.num_patients, permutations, rng).p_value
    return ModelComparison(category, differences, p_values)


def _means_after_exchange(
    first: np.ndarray, second: np.ndarray, patient: np.ndarray
) -> Callable[[np.ndarray], tuple[float, float]]:
    """Means over images once the maps of some patients have exchanged their models."""

    def statistic(exchanged: np.ndarray) -> tuple[float, float]:
        swap = exchanged[patient]
        return float(np.where(swap, second, first).mean()), float(np.where(swap, first, second).mean())

    return statistic
