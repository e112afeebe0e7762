"""Predictions of a study as the writers of DICOM objects take them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydicom import Dataset

from mammo_plugins.evaluation import ImageKey, LabelPredictions, Predictions
from mammo_plugins.evaluation.image_names import image_keys, modality_key, positions_by_name
from mammo_plugins.evaluation.predictions import PredictionsError
from mammo_plugins.evaluation.saliency_files import SaliencyMap, read_map
from mammo_plugins.evaluation.saliency_frames import on_image_pixels
from mammo_plugins.io import AnnotationSet, ImageRecord
from mammo_plugins.io.dicom_out.source_headers import read_source_header
from mammo_plugins.io.dicom_out.study_results import Mark, Model, ReadImage, StudyResults
from mammo_plugins.io.image_source import open_image
from mammo_plugins.io.unreadable_image import UnreadableImageError
from mammo_plugins.structures import Laterality
from mammo_plugins.structures.finding_location import FindingLocation

_MALIGNANT = 'malignant'


def gather_study(
    study: AnnotationSet,
    findings: Predictions | None,
    labels: Sequence[LabelPredictions],
    maps: Sequence[tuple[Path, SaliencyMap]],
    model: Model,
    locations: Sequence[FindingLocation | None] | None,
    failed: Sequence[Dataset],
    notes: list[str],
) -> tuple[StudyResults | None, list[int]]:
    """The results of a study, and the position in ``study`` of each of its images.

    Args:
        study, findings, labels, maps, locations, failed: see :func:`.write_dicom_results`.
        model: what predicted.
        notes: sentences about images that DICOM objects cannot refer to are added.

    Returns:
        None for the results where no image is a DICOM file.
    """
    names = positions_by_name(image_keys(study.images), [image.modality for image in study.images])
    rows = _rows_by_image(findings, names)
    of_image: dict[int, list[tuple[Path, SaliencyMap]]] = defaultdict(list)
    for folder, entry in maps:
        if entry.key in names:
            of_image[names[entry.key]].append((folder, entry))
    images: list[ReadImage] = []
    positions: list[int] = []
    for position, image in enumerate(study.images):
        try:
            headers, modifiers = _headers(study, image)
        except UnreadableImageError as error:
            notes.append(f'{modality_key(image)} is in no DICOM object: {error.reason}')
            continue
        marks = [_mark(findings, row, locations) for row in rows.get(position, ())]
        of_pixels = _maps_on_pixels(of_image.get(position, ()), image, notes)
        spacing = tuple(image.spacing_mm) if image.spacing_mm else None
        images.append(ReadImage(headers, image.view_key, image.modality, modifiers, spacing, tuple(marks), of_pixels))
        positions.append(position)
    if not images and not failed:
        return None, []
    breasts, case = _scores(study, findings, labels, names)
    results = StudyResults(model, tuple(images), tuple(failed), findings is not None, breasts, case)
    return results, positions


def _headers(study: AnnotationSet, image: ImageRecord) -> tuple[tuple[Dataset, ...], tuple[str, ...]]:
    """Pruned headers of an image's files in the order of its slices, and its view modifiers."""
    source = open_image(study.resolve_path(image))
    files = getattr(source, 'files', ())
    if not files:
        raise UnreadableImageError(study.resolve_path(image), 'it is no DICOM file')
    return tuple(read_source_header(file) for file in files), source.header.view_modifiers


def _rows_by_image(findings: Predictions | None, names: dict[ImageKey, int]) -> dict[int, np.ndarray]:
    if findings is None:
        return {}
    return {
        names[key]: np.flatnonzero(findings.image_index == index)
        for index, key in enumerate(findings.images)
        if key in names
    }


def _mark(findings: Predictions, row: int, locations: Sequence[FindingLocation | None] | None) -> Mark:
    x, y, width, height = findings.boxes_xywh[row].tolist()
    return Mark(
        (x, y, x + width, y + height),
        int(findings.slices[row]),
        float(findings.scores[row]),
        0 if findings.lesions is None else int(findings.lesions[row]),
        None if locations is None else locations[row],
    )


def _maps_on_pixels(
    maps: Sequence[tuple[Path, SaliencyMap]], image: ImageRecord, notes: list[str]
) -> dict[str, np.ndarray]:
    """Class to saliency on the stored pixels."""
    found = {}
    for folder, entry in maps:
        try:
            _, found[entry.category] = on_image_pixels(entry, read_map(folder, entry), (image.height, image.width))
        except PredictionsError as error:
            notes.append(f'{modality_key(image)}: no SEG of the map {entry.category!r}: {error}')
    return found


def _scores(
    study: AnnotationSet,
    findings: Predictions | None,
    labels: Sequence[LabelPredictions],
    names: dict[ImageKey, int],
) -> tuple[dict[Laterality, float], float | None]:
    """Malignancy of each breast, as the model gives it or as the mean over its images; that of pairs for the case."""
    if not study.images:
        return {}, None
    ids = study.images[0].patient_id, study.images[0].study_uid
    given = {of.unit: of for of in labels if _MALIGNANT in of.columns}
    if 'Side' in given:
        return _of_sides(given['Side'], ids), None
    by_side: dict[Laterality, list[float]] = defaultdict(list)
    for key, score in _image_scores(findings, given.get('View')).items():
        if key in names:
            by_side[study.images[names[key]].view_key.laterality].append(score)
    if by_side:
        return {side: float(np.mean(scores)) for side, scores in by_side.items()}, None
    if 'Pair' in given:
        pairs = _rows_of(given['Pair'], ids)
        return {}, max((float(given['Pair'].columns[_MALIGNANT][row]) for row in pairs), default=None)
    return {}, None


def _of_sides(labels: LabelPredictions, study: tuple[str, str]) -> dict[Laterality, float]:
    rows = _rows_of(labels, study)
    scores: dict[Laterality, list[float]] = defaultdict(list)
    for row in rows:
        scores[Laterality(labels.keys[row].name[:1].upper())].append(float(labels.columns[_MALIGNANT][row]))
    return {side: max(of_side) for side, of_side in scores.items()}


def _rows_of(labels: LabelPredictions, study: tuple[str, str]) -> list[int]:
    """Rows of a study that say something."""
    values = labels.columns[_MALIGNANT]
    return [row for row, key in enumerate(labels.keys) if tuple(key[:2]) == study and not np.isnan(values[row])]


def _image_scores(findings: Predictions | None, labels: LabelPredictions | None) -> dict[ImageKey, float]:
    if labels is not None:
        values = labels.columns[_MALIGNANT]
        return {ImageKey(*key): float(value) for key, value in zip(labels.keys, values) if not np.isnan(value)}
    if findings is None or findings.image_scores is None:
        return {}
    return dict(zip(findings.images, map(float, findings.image_scores), strict=True))
