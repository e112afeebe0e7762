"""Scoring a folder of saliency maps, one map in memory at a time; needs neither torch nor mmengine.

Glossary: n images with an annotated region of a class, P patients.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .functional import (
    TIOR_THRESHOLDS,
    TIOU_THRESHOLDS,
    Estimate,
    PixelAveragePrecision,
    draw_patients,
    mean_share_reaching,
    percentile_estimate,
    soft_dice,
)
from .image_names import image_keys, positions_by_name
from .predictions import PredictionsError
from .saliency_files import SaliencyMap, read_index, read_map
from .saliency_truth import findings_of_class, truth_on_map

if TYPE_CHECKING:
    from mammo_plugins.io import AnnotationSet, ImageRecord


@dataclass(frozen=True)
class SaliencyResult:
    """How well the maps of a class show its findings.

    Args:
        category: the class.
        numbers: by name; ``pooled_`` ones of the pixels of all images with a finding together, ``pxap_dataset`` of the
            pixels of all images, all others means over the images with a finding.
        counts: what they rest on.
        notes: sentences that a reader must see.
    """

    category: str
    numbers: dict[str, Estimate]
    counts: dict[str, int]
    notes: list[str]

    def as_dict(self) -> dict[str, object]:
        """Plain values for json."""
        return {
            'category': self.category,
            'metrics': {name: estimate.as_dict() for name, estimate in self.numbers.items()},
            'counts': self.counts,
            'notes': self.notes,
        }


@dataclass
class _OverlapsOfClass:
    """What is kept of the maps of a class."""

    areas: list[tuple[int, int, int]] = field(default_factory=list)
    soft_dices: list[float] = field(default_factory=list)
    pixel_precisions: list[float] = field(default_factory=list)
    patients: list[str] = field(default_factory=list)
    precision: PixelAveragePrecision = field(default_factory=PixelAveragePrecision)
    maps: int = 0
    unannotated: int = 0

    def add(self, saliency: np.ndarray, region: np.ndarray, threshold: float, patient: str) -> None:
        self.maps += 1
        image_level = self.precision.update(saliency, region)
        if not region.any():
            return
        called = saliency >= threshold
        self.areas.append((int((called & region).sum()), int(called.sum()), int(region.sum())))
        self.soft_dices.append(soft_dice(saliency, region))
        self.pixel_precisions.append(image_level)
        self.patients.append(patient)

    def numbers(self, bootstrap: int, seed: int) -> dict[str, Estimate]:
        """Means over images by name, with intervals from ``bootstrap`` draws of patients (0 for none)."""
        areas = np.asarray(self.areas, np.float64).reshape(-1, 3)
        per_image = _overlaps(areas)
        per_image |= {'soft_dice': np.asarray(self.soft_dices), 'pxap_image': np.asarray(self.pixel_precisions)}
        for name, of, thresholds in (('TIoU', 'iou', TIOU_THRESHOLDS), ('TIoR', 'ior', TIOR_THRESHOLDS)):
            per_image[name] = _shares(per_image[of], thresholds)
            for threshold in thresholds:
                per_image[f'{name}@{threshold:g}'] = _shares(per_image[of], [threshold])
        names = list(dict.fromkeys(self.patients))
        patient = np.asarray([names.index(name) for name in self.patients], np.int64)
        draws = draw_patients(len(names), bootstrap, np.random.default_rng(seed)) if bootstrap and names else None
        weights = None if draws is None else draws[:, patient]
        numbers = {name: _mean(values, weights) for name, values in per_image.items()}
        numbers |= {f'pooled_{name}': estimate for name, estimate in _pooled(areas, weights).items()}
        return numbers | {'pxap_dataset': _estimate(self.precision.dataset_level())}


def evaluate_saliency(
    folder: str | Path,
    annotations: AnnotationSet,
    threshold: float = 0.5,
    bootstrap: int = 0,
    seed: int = 0,
    lenient: bool = False,
) -> dict[str, SaliencyResult]:
    """Scores the maps of a folder, class by class; maps of malignant images without a box are left out and counted.

    Args:
        folder: as :mod:`mammo_plugins.evaluation.saliency_files` says.
        annotations: the evaluated images; select split and modality before.
        threshold: saliency from which on a pixel is called part of a finding.
        bootstrap: replicates of patients for the intervals, 0 for none.
        seed: seed of the bootstrap.
        lenient: leave maps of images that are not evaluated out instead of refusing them.

    Returns:
        Class to result, and ``all classes`` with the mean TIoU and TIoR over the classes that have a finding.

    Raises:
        ValueError: a map is unusable, or its image is not evaluated.
    """
    names = positions_by_name(image_keys(annotations.images), [image.modality for image in annotations.images])
    images = {key: annotations.images[place] for key, place in names.items()}
    entries = read_index(folder)
    strangers = [entry for entry in entries if entry.key not in images]
    if strangers and not lenient:
        raise PredictionsError(
            f'{folder}: a map is for the image {strangers[0].key}, which is not among the '
            f'{len(annotations.images)} evaluated ones '
            f'({len(strangers)} such maps): check the split and the modality, or be lenient (--lenient)'
        )
    classes: dict[str, _OverlapsOfClass] = {}
    for entry in entries:
        if entry.key in images:
            _add_map(folder, entry, images[entry.key], annotations, threshold, classes)
    results = {}
    for category, found in classes.items():
        counts = {
            'images': len(annotations.images),
            'maps': found.maps,
            'images_with_finding': len(found.areas),
            'patients_with_finding': len(set(found.patients)),
            'unannotated_images': found.unannotated,
            'without_map': len(annotations.images) - found.maps - found.unannotated,
            'dropped_for_unknown_image': len(strangers),
        }
        results[category] = SaliencyResult(category, found.numbers(bootstrap, seed), counts, _notes(counts))
    return results | _over_classes(results)


def _add_map(
    folder: str | Path,
    entry: SaliencyMap,
    image: ImageRecord,
    annotations: AnnotationSet,
    threshold: float,
    classes: dict[str, _OverlapsOfClass],
) -> None:
    found = classes.setdefault(entry.category, _OverlapsOfClass())
    if not annotations.is_annotated(image):
        found.unannotated += 1
        return
    findings = findings_of_class(annotations.findings_of(image.id), entry.category)
    region = truth_on_map(entry, findings, image)
    found.add(read_map(folder, entry), region, threshold, image.patient_id)


def _overlaps(areas: np.ndarray) -> dict[str, np.ndarray]:
    """Overlaps from (..., 3) intersection, predicted and annotated area; 0 where nothing is predicted."""
    intersection, predicted, annotated = np.moveaxis(areas, -1, 0)
    with np.errstate(invalid='ignore', divide='ignore'):
        return {
            'dice': 2 * intersection / (predicted + annotated),
            'iou': intersection / (predicted + annotated - intersection),
            'ior': intersection / np.maximum(predicted, 1),
            'iogt': intersection / annotated,
        }


def _shares(overlaps: np.ndarray, thresholds: Sequence[float]) -> np.ndarray:
    """(n,) share of the thresholds that each image reaches; their mean is that of the images."""
    return np.asarray([mean_share_reaching(overlaps[i : i + 1], thresholds) for i in range(len(overlaps))])


def _mean(values: np.ndarray, weights: np.ndarray | None) -> Estimate:
    if not len(values):
        return _estimate(float('nan'))
    value = float(values.mean())
    return _estimate(value) if weights is None else percentile_estimate(value, weights @ values / weights.sum(axis=1))


def _pooled(areas: np.ndarray, weights: np.ndarray | None) -> dict[str, Estimate]:
    values = {name: float(value) for name, value in _overlaps(areas.sum(axis=0)).items()}
    if weights is None or not len(areas):
        return {name: _estimate(value) for name, value in values.items()}
    drawn = _overlaps(weights @ areas)
    return {name: percentile_estimate(value, drawn[name]) for name, value in values.items()}


def _estimate(value: float) -> Estimate:
    return Estimate(value, reason='no evaluated image has a finding of the class' if np.isnan(value) else '')


def _over_classes(results: dict[str, SaliencyResult]) -> dict[str, SaliencyResult]:
    with_finding = [result for result in results.values() if result.counts['images_with_finding']]
    if len(results) < 2 or not with_finding:
        return {}
    numbers = {
        name: Estimate(float(np.mean([result.numbers[name].value for result in with_finding])))
        for name in ('TIoU', 'TIoR')
    }
    return {'all classes': SaliencyResult('all classes', numbers, {'classes': len(with_finding)}, [])}


def _notes(counts: dict[str, int]) -> list[str]:
    sentences = {
        'unannotated_images': 'maps of malignant images without a malignant box, or of findings of unknown class',
        'without_map': 'evaluated images without a map',
        'dropped_for_unknown_image': 'maps of images that are not evaluated',
    }
    return [f'Left out: {counts[name]} {text}.' for name, text in sentences.items() if counts[name]]
