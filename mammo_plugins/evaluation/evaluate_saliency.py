"""Scoring a folder of saliency maps, whole or by group, one map in memory at a time; without torch and mmengine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .functional import Estimate, PatientPixelCounts, draw_patients
from .image_names import image_keys, positions_by_name
from .number_samples import NumberSample, mean_sample
from .predictions import ImageKey, PredictionsError
from .saliency_files import SaliencyMap, read_index, read_map
from .saliency_frames import on_image_pixels
from .saliency_numbers import SaliencyOverlaps
from .saliency_truth import findings_of_class, truth_on_map
from .subgroups import IMAGE_GROUPS

if TYPE_CHECKING:
    from mammo_plugins.io import AnnotationSet, ImageRecord


GRIDS = ('map', 'image')
"""What is counted when maps are scored: their own cells, or the pixels of the images."""


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


def evaluate_saliency(
    folder: str | Path,
    annotations: AnnotationSet,
    threshold: float = 0.5,
    bootstrap: int = 0,
    seed: int = 0,
    lenient: bool = False,
    grid: str = 'map',
) -> dict[str, SaliencyResult]:
    """Scores the maps of a folder, class by class; maps of malignant images without a box are left out and counted.

    Args:
        folder: as :mod:`mammo_plugins.evaluation.saliency_files` says.
        annotations: the evaluated images; select split and modality before.
        threshold: saliency from which on a pixel is called part of a finding.
        bootstrap: replicates of patients for the intervals, 0 for none.
        seed: seed of the bootstrap.
        lenient: leave maps of images that are not evaluated out instead of refusing them.
        grid: ``map``: every cell of a map counts, and shows a finding where its centre lies in one; ``image``: every
            stored pixel counts, with the value of its cell, so that maps of all sizes are scored alike.

    Returns:
        Class to result, and ``all classes`` with the mean TIoU and TIoR over the classes that have a finding.

    Raises:
        ValueError: a map is unusable, its image is not evaluated, or there is no such grid.
    """
    entries, strangers = evaluated_maps(folder, annotations, lenient)
    return _score(folder, entries, annotations, threshold, bootstrap, seed, strangers, grid)


def evaluate_saliency_subgroups(
    folder: str | Path,
    annotations: AnnotationSet,
    by: str,
    threshold: float = 0.5,
    bootstrap: int = 0,
    seed: int = 0,
    lenient: bool = False,
    grid: str = 'map',
) -> dict[str, dict[str, SaliencyResult]]:
    """Group of images to class to result, see :func:`evaluate_saliency`.

    Raises:
        ValueError: there is no such grouping of images, or as for :func:`evaluate_saliency`.
    """
    if by not in IMAGE_GROUPS:
        raise ValueError(f'unknown subgroup {by!r} of saliency maps: choose one of {", ".join(IMAGE_GROUPS)}')
    entries, strangers = evaluated_maps(folder, annotations, lenient)
    images = images_by_name(annotations)
    groups = {key: IMAGE_GROUPS[by](image) for key, image in images.items()}
    results = {}
    for group in sorted(set(groups.values())):
        part = annotations.keep(IMAGE_GROUPS[by](image) == group for image in annotations.images)
        own = [entry for entry in entries if groups[entry.key] == group]
        results[group] = _score(folder, own, part, threshold, bootstrap, seed, strangers, grid)
    return results


def sample_saliency(
    folder: str | Path,
    annotations: AnnotationSet,
    category: str,
    draws: np.ndarray,
    threshold: float = 0.5,
    lenient: bool = False,
    grid: str = 'map',
) -> dict[str, NumberSample]:
    """The numbers of a class on given draws, so that those of several folders are paired.

    Args:
        folder, annotations, threshold, lenient, grid: as for :func:`evaluate_saliency`.
        category: the class.
        draws: (R, P) how often each patient of the annotations, in order of first appearance, is in each replicate.

    Raises:
        ValueError: there is no map of the class, or as for :func:`evaluate_saliency`.
    """
    known = list(dict.fromkeys(entry.category for entry in read_index(folder)))
    if category not in known:
        raise PredictionsError(f'{folder}: no map of the class {category!r}, but of {", ".join(known) or "none"}')
    patients = list(dict.fromkeys(image.patient_id for image in annotations.images))
    entries = [entry for entry in evaluated_maps(folder, annotations, lenient)[0] if entry.category == category]
    classes = overlaps_by_class(folder, entries, annotations, threshold, by_patient=True, grid=grid)
    return classes.get(category, SaliencyOverlaps()).samples(draws, patients)  # there may be none of these images


def images_by_name(annotations: AnnotationSet) -> dict[ImageKey, ImageRecord]:
    """The evaluated images by everything that predictions may call them."""
    images = annotations.images
    places = positions_by_name(image_keys(images), [image.modality for image in images])
    return {key: images[place] for key, place in places.items()}


def evaluated_maps(folder: str | Path, annotations: AnnotationSet, lenient: bool) -> tuple[list[SaliencyMap], int]:
    """The maps of a folder whose images are evaluated, and how many others there are.

    Raises:
        PredictionsError: there are others, and ``lenient`` is false.
    """
    known = images_by_name(annotations)
    entries = read_index(folder)
    strangers = [entry for entry in entries if entry.key not in known]
    if strangers and not lenient:
        raise PredictionsError(
            f'{folder}: a map is for the image {strangers[0].key}, which is not among the '
            f'{len(annotations.images)} evaluated ones '
            f'({len(strangers)} such maps): check the split and the modality, or be lenient (--lenient)'
        )
    return [entry for entry in entries if entry.key in known], len(strangers)


def overlaps_by_class(
    folder: str | Path,
    entries: Sequence[SaliencyMap],
    annotations: AnnotationSet,
    threshold: float,
    by_patient: bool = False,
    grid: str = 'map',
) -> dict[str, SaliencyOverlaps]:
    """What the maps of each class overlap; reads one map at a time.

    Args:
        folder: where the maps are.
        entries: those to read, of images of ``annotations``.
        annotations: the findings.
        threshold: saliency from which on a pixel is called part of a finding.
        by_patient: keep pixels by patient, so that ``pxap_dataset`` can be resampled.
        grid: see :func:`evaluate_saliency`.

    Raises:
        ValueError: there is no such grid.
    """
    if grid not in GRIDS:
        raise ValueError(f'unknown grid {grid!r} to score maps on: choose one of {", ".join(GRIDS)}')
    images = images_by_name(annotations)
    classes: dict[str, SaliencyOverlaps] = {}
    for entry in entries:
        if entry.category not in classes:
            classes[entry.category] = SaliencyOverlaps(pixels=PatientPixelCounts() if by_patient else None)
        found, image = classes[entry.category], images[entry.key]
        if not annotations.is_annotated(image):
            found.unannotated += 1
            continue
        findings = findings_of_class(annotations.findings_of(image.id), entry.category)
        saliency = read_map(folder, entry)
        if grid == 'image':
            entry, saliency = on_image_pixels(entry, saliency, (image.height, image.width))
        found.add(entry.key, saliency, truth_on_map(entry, findings, image), threshold)
    return classes


def _score(
    folder: str | Path,
    entries: Sequence[SaliencyMap],
    annotations: AnnotationSet,
    threshold: float,
    bootstrap: int,
    seed: int,
    strangers: int,
    grid: str,
) -> dict[str, SaliencyResult]:
    classes = overlaps_by_class(folder, entries, annotations, threshold, by_patient=bootstrap > 0, grid=grid)
    patients = list(dict.fromkeys(entry.key.patient_id for entry in entries))
    draws = draw_patients(len(patients), bootstrap, np.random.default_rng(seed)) if bootstrap and patients else None
    samples, results = {}, {}
    for category, found in classes.items():
        counts = {
            'images': len(annotations.images),
            'maps': found.maps,
            'images_with_finding': len(found.keys),
            'patients_with_finding': found.num_patients,
            'unannotated_images': found.unannotated,
            'without_map': len(annotations.images) - found.maps - found.unannotated,
            'dropped_for_unknown_image': strangers,
        }
        samples[category] = found.samples(draws, patients)
        numbers = {name: sample.estimate() for name, sample in samples[category].items()}
        results[category] = SaliencyResult(category, numbers, counts, _notes(counts))
    with_finding = [of_class for category, of_class in samples.items() if classes[category].keys]
    if len(classes) > 1 and with_finding:
        numbers = {name: mean_sample([one[name] for one in with_finding]).estimate() for name in ('TIoU', 'TIoR')}
        results['all classes'] = SaliencyResult('all classes', numbers, {'classes': len(with_finding)}, [])
    return results


def _notes(counts: dict[str, int]) -> list[str]:
    sentences = {
        'unannotated_images': 'maps of malignant images without a malignant box, or of findings of unknown class',
        'without_map': 'evaluated images without a map',
        'dropped_for_unknown_image': 'maps of images that are not evaluated',
    }
    return [f'Left out: {counts[name]} {text}.' for name, text in sentences.items() if counts[name]]
