"""Scoring a folder of saliency maps, one map in memory at a time; needs neither torch nor mmengine.

Glossary: n images with an annotated region of a class, P patients.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .detection_truth import image_key
from .functional import (
    TIOR_THRESHOLDS,
    TIOU_THRESHOLDS,
    Estimate,
    PatientPixelCounts,
    PixelAveragePrecision,
    draw_patients,
    mean_share_reaching,
    soft_dice,
)
from .number_samples import NumberSample
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
    """What is kept of the maps of a class; ``pixels`` only where average precisions are to be resampled."""

    areas: list[tuple[int, int, int]] = field(default_factory=list)
    soft_dices: list[float] = field(default_factory=list)
    pixel_precisions: list[float] = field(default_factory=list)
    patients: list[str] = field(default_factory=list)
    precision: PixelAveragePrecision = field(default_factory=PixelAveragePrecision)
    pixels: PatientPixelCounts | None = None
    maps: int = 0
    unannotated: int = 0

    def add(self, saliency: np.ndarray, region: np.ndarray, threshold: float, patient: str) -> None:
        self.maps += 1
        image_level = self.precision.update(saliency, region)
        if self.pixels is not None:
            self.pixels.update(patient, saliency, region)
        if not region.any():
            return
        called = saliency >= threshold
        self.areas.append((int((called & region).sum()), int(called.sum()), int(region.sum())))
        self.soft_dices.append(soft_dice(saliency, region))
        self.pixel_precisions.append(image_level)
        self.patients.append(patient)

    def numbers(self, bootstrap: int, seed: int) -> dict[str, Estimate]:
        """The numbers by name, with intervals from ``bootstrap`` draws of patients with a finding (0 for none)."""
        names = list(dict.fromkeys(self.patients))
        draws = draw_patients(len(names), bootstrap, np.random.default_rng(seed)) if bootstrap and names else None
        return {name: sample.estimate() for name, sample in self.samples(names, draws).items()}

    def samples(self, patients: Sequence[str], draws: np.ndarray | None) -> dict[str, NumberSample]:
        """The numbers with their replicates, by name.

        Args:
            patients: P names, those with a finding among them.
            draws: (R, P) how often each of them occurs; None for no replicates.
        """
        areas = np.asarray(self.areas, np.float64).reshape(-1, 3)
        per_image = _overlaps(areas)
        per_image |= {'soft_dice': np.asarray(self.soft_dices), 'pxap_image': np.asarray(self.pixel_precisions)}
        for name, of, thresholds in (('TIoU', 'iou', TIOU_THRESHOLDS), ('TIoR', 'ior', TIOR_THRESHOLDS)):
            per_image[name] = _shares(per_image[of], thresholds)
            for threshold in thresholds:
                per_image[f'{name}@{threshold:g}'] = _shares(per_image[of], [threshold])
        place = {name: index for index, name in enumerate(patients)}
        columns = np.asarray([place[name] for name in self.patients], np.int64)
        weights = None if draws is None else draws[:, columns].astype(np.float64)
        samples = {name: _mean(values, weights) for name, values in per_image.items()}
        samples |= {f'pooled_{name}': sample for name, sample in _pooled(areas, weights).items()}
        value = self.precision.dataset_level()
        if draws is None or self.pixels is None or np.isnan(value):
            return samples | {'pxap_dataset': _sample(value)}
        return samples | {'pxap_dataset': _sample(value, self.pixels.resampled_precision(patients, draws))}


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
    images, classes, strangers = _read_folder(folder, annotations, threshold, lenient)
    results = {}
    for category, found in classes.items():
        counts = {
            'images': images,
            'maps': found.maps,
            'images_with_finding': len(found.areas),
            'patients_with_finding': len(set(found.patients)),
            'unannotated_images': found.unannotated,
            'without_map': images - found.maps - found.unannotated,
            'dropped_for_unknown_image': strangers,
        }
        results[category] = SaliencyResult(category, found.numbers(bootstrap, seed), counts, _notes(counts))
    return results | _over_classes(results)


def sample_saliency(
    folder: str | Path,
    annotations: AnnotationSet,
    category: str,
    draws: np.ndarray,
    threshold: float = 0.5,
    lenient: bool = False,
) -> dict[str, NumberSample]:
    """The numbers of a class on given draws, so that those of several folders are paired.

    Args:
        folder, annotations, threshold, lenient: as for :func:`evaluate_saliency`.
        category: the class.
        draws: (R, P) how often each patient of the annotations, in order of first appearance, is in each replicate.

    Raises:
        ValueError: there is no map of the class, or as for :func:`evaluate_saliency`.
    """
    known = list(dict.fromkeys(entry.category for entry in read_index(folder)))
    if category not in known:
        raise PredictionsError(f'{folder}: no map of the class {category!r}, but of {", ".join(known) or "none"}')
    patients = list(dict.fromkeys(image.patient_id for image in annotations.images))
    _, classes, _ = _read_folder(folder, annotations, threshold, lenient, category)
    found = classes.get(category, _OverlapsOfClass())  # there may be none of the evaluated images
    return found.samples(patients, draws)


def _read_folder(
    folder: str | Path, annotations: AnnotationSet, threshold: float, lenient: bool, only: str | None = None
) -> tuple[int, dict[str, _OverlapsOfClass], int]:
    """Number of evaluated images, what was found of each class, and number of maps of other images.

    Of a class that is asked for alone, what average precisions are resampled from is kept too.
    """
    images = {image_key(image): image for image in annotations.images}
    entries = read_index(folder)
    strangers = [entry for entry in entries if entry.key not in images]
    if strangers and not lenient:
        raise PredictionsError(
            f'{folder}: a map is for the image {strangers[0].key}, which is not among the {len(images)} evaluated ones '
            f'({len(strangers)} such maps): check the split and the modality, or be lenient (--lenient)'
        )
    classes: dict[str, _OverlapsOfClass] = {}
    for entry in entries:
        if entry.key not in images or only not in (None, entry.category):
            continue
        if entry.category not in classes:
            classes[entry.category] = _OverlapsOfClass(pixels=PatientPixelCounts() if only else None)
        _add_map(folder, entry, images[entry.key], annotations, threshold, classes[entry.category])
    return len(images), classes, len(strangers)


def _add_map(
    folder: str | Path,
    entry: SaliencyMap,
    image: ImageRecord,
    annotations: AnnotationSet,
    threshold: float,
    found: _OverlapsOfClass,
) -> None:
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


def _mean(values: np.ndarray, weights: np.ndarray | None) -> NumberSample:
    if not len(values):
        return _sample(float('nan'))
    if weights is None:
        return _sample(float(values.mean()))
    with np.errstate(invalid='ignore'):  # a replicate without any image that has a finding
        return _sample(float(values.mean()), weights @ values / weights.sum(axis=1))


def _pooled(areas: np.ndarray, weights: np.ndarray | None) -> dict[str, NumberSample]:
    values = {name: float(value) for name, value in _overlaps(areas.sum(axis=0)).items()}
    if weights is None or not len(areas):
        return {name: _sample(value) for name, value in values.items()}
    drawn, has_finding = _overlaps(weights @ areas), weights.any(axis=1)
    return {name: _sample(value, np.where(has_finding, drawn[name], np.nan)) for name, value in values.items()}


def _sample(value: float, replicates: np.ndarray | None = None) -> NumberSample:
    missing = 'no evaluated image has a finding of the class' if np.isnan(value) else ''
    return NumberSample(value, None if missing else replicates, missing)


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
        'unannotated_images': 'maps of malignant images without a malignant box',
        'without_map': 'evaluated images without a map',
        'dropped_for_unknown_image': 'maps of images that are not evaluated',
    }
    return [f'Left out: {counts[name]} {text}.' for name, text in sentences.items() if counts[name]]
