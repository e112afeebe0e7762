"""Predictions of many studies, study by study."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from pydicom import Dataset

from mammo_plugins.evaluation import LabelPredictions, Predictions
from mammo_plugins.evaluation.saliency_files import SaliencyMap
from mammo_plugins.io import AnnotationSet, read_header
from mammo_plugins.io.unreadable_image import UnreadableImageError
from mammo_plugins.structures.finding_location import FindingLocation

from .writing import DicomRequest, StudyFiles, write_dicom_results


@dataclass(frozen=True)
class PredictedTables:
    """What a model gave.

    Attributes:
        findings: N rows, or None.
        labels: of images, breasts or pairs.
        maps: folder and entry of each map.
        locations: of each row of findings, or None.
    """

    findings: Predictions | None = None
    labels: Sequence[LabelPredictions] = ()
    maps: Sequence[tuple[Path, SaliencyMap]] = ()
    locations: Sequence[FindingLocation | None] | None = None


def write_all_results(
    out: Path,
    predicted: AnnotationSet,
    tables: PredictedTables,
    request: DicomRequest,
    failed: Mapping[str, Sequence[Dataset]],
) -> StudyFiles:
    """Writes the objects of every study, also of one whose images all failed.

    Args:
        out: folder of the predictions.
        predicted: images that were predicted.
        tables: what was predicted of them.
        request: what to write.
        failed: Study Instance UID to the headers of its images that could not be read, see :mod:`.failed_images`.
    """
    written, failed = StudyFiles(), dict(failed)
    for study in studies_of(predicted):
        _add(written, out, study, _of_study(tables, study), request, failed.pop(_study_uid(study), []))
    nothing = predicted.keep([False] * len(predicted.images))
    for own in failed.values():
        _add(written, out, nothing, _without_rows(tables), request, own)
    return written


def studies_of(annotations: AnnotationSet) -> Iterator[AnnotationSet]:
    """The images of each exam, in the order of their first images."""
    exams = [(image.patient_id, image.study_uid) for image in annotations.images]
    for exam in dict.fromkeys(exams):
        yield annotations.keep(other == exam for other in exams)


def _of_study(tables: PredictedTables, study: AnnotationSet) -> PredictedTables:
    """The tables with the findings of a study only."""
    findings = tables.findings
    if findings is None or not findings.images:
        return tables
    ids = (study.images[0].patient_id, study.images[0].study_uid)
    images = np.array([tuple(key[:2]) == ids for key in findings.images], bool)
    rows = np.flatnonzero(images[findings.image_index])
    locations = None if tables.locations is None else [tables.locations[row] for row in rows]
    return replace(tables, findings=findings.keep_images(images), locations=locations)


def _without_rows(tables: PredictedTables) -> PredictedTables:
    if tables.findings is None:
        return PredictedTables()
    return PredictedTables(tables.findings.keep_images(np.zeros(len(tables.findings.images), bool)))


def _study_uid(study: AnnotationSet) -> str:
    """Study Instance UID of the header, which the record's study may be a part of."""
    try:
        return read_header(study.resolve_path(study.images[0])).study_uid
    except UnreadableImageError:
        return study.images[0].study_uid


def _add(
    written: StudyFiles,
    out: Path,
    study: AnnotationSet,
    tables: PredictedTables,
    request: DicomRequest,
    failed: Sequence[Dataset],
) -> None:
    of_study = write_dicom_results(
        out,
        study,
        tables.findings,
        tables.labels,
        tables.maps,
        request,
        locations=tables.locations,
        failed=failed,
    )
    written.files += of_study.files
    written.notes += of_study.notes
