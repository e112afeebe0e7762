"""Locations of the findings of a study, from the landmarks of its images."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from mammo_plugins.datasets.breast_landmarks import estimate_landmarks
from mammo_plugins.evaluation import Predictions
from mammo_plugins.evaluation.image_names import image_keys, positions_by_name
from mammo_plugins.io import AnnotationSet, ImageRecord, canonical_flips
from mammo_plugins.io.image_source import open_image
from mammo_plugins.io.unreadable_image import UnreadableImageError
from mammo_plugins.structures.breast_landmarks import ANNOTATED, BreastLandmarks
from mammo_plugins.structures.finding_location import FindingLocation, locate_points, name_quadrants

_NOMINAL_MM = 180.0
"""Taken for the height of an image whose pixels have no stated size, to look for its nipple; no distance is told."""


def locate_findings(study: AnnotationSet, findings: Predictions) -> list[FindingLocation | None]:
    """Location of each row; None where nipple and chest wall cannot be told.

    Annotated landmarks are taken where an image has them, else they are estimated from its pixels. Lesions that several
    views show get their quadrant.

    Args:
        study: images, those of the rows among them; only images with rows are read.
        findings: N rows.
    """
    keys = image_keys(study.images)
    positions = positions_by_name(keys, [image.modality for image in study.images])
    found: list[FindingLocation | None] = [None] * len(findings)
    corners = findings.boxes_xywh[:, :2] + findings.boxes_xywh[:, 2:] / 2
    for index, key in enumerate(findings.images):
        rows = np.flatnonzero(findings.image_index == index)
        if not len(rows) or key not in positions:
            continue
        for row, location in zip(rows, _locate(study, study.images[positions[key]], corners[rows]), strict=True):
            found[row] = location
    return _with_quadrants(findings, found)


def _locate(study: AnnotationSet, image: ImageRecord, points_xy: np.ndarray) -> list[FindingLocation | None]:
    try:
        landmarks, to_canonical = _landmarks(study, image)
    except (UnreadableImageError, ValueError):
        return [None] * len(points_xy)
    pixel_mm = None if image.spacing_mm is None else (image.spacing_mm[1], image.spacing_mm[0])
    moved = np.column_stack([points_xy, np.ones(len(points_xy))]) @ to_canonical.T
    return [*locate_points(moved[:, :2], landmarks, image.view_key, pixel_mm)]


def _landmarks(study: AnnotationSet, image: ImageRecord) -> tuple[BreastLandmarks, np.ndarray]:
    """Landmarks in canonical pixels, and what leads there from stored ones."""
    source = open_image(study.resolve_path(image))
    pixels = next(iter(source.iter_slices([image.num_slices // 2])))
    flips = canonical_flips(
        pixels,
        rotated_180=image.rotated_180,
        patient_orientation=source.header.patient_orientation,
        view=image.view_key,
    )
    to_canonical = flips.homography(image.width, image.height)
    if image.nipple_xy and image.chest_wall_xyxy:
        stored = BreastLandmarks(tuple(image.nipple_xy), tuple(image.chest_wall_xyxy), ANNOTATED, ANNOTATED)
        return stored.moved(to_canonical), to_canonical
    spacing = image.spacing_mm or (_NOMINAL_MM / image.height,) * 2
    position = 'CC' if image.view_key.position.is_craniocaudal else 'MLO'
    return estimate_landmarks(flips.apply(pixels), position, (spacing[1], spacing[0])), to_canonical


def _with_quadrants(findings: Predictions, found: list[FindingLocation | None]) -> list[FindingLocation | None]:
    if findings.lesions is None:
        return found
    lesions: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for row, location in enumerate(found):
        number, key = int(findings.lesions[row]), findings.images[findings.image_index[row]]
        if number and location is not None:
            lesions[(*key[:2], key.modality, location.view.laterality, number)].append(row)
    for rows in lesions.values():
        for row, location in zip(rows, name_quadrants(found[row] for row in rows), strict=True):
            found[row] = location
    return found
