"""DICOM objects from the files of ``mammo predict``, so that nothing is predicted again."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from mammo_plugins.apis.finding_locations import locate_table
from mammo_plugins.apis.predicted_files import FINDINGS, IMAGES, LABELS, LEFT_OUT, MAPS
from mammo_plugins.evaluation import read_labels, read_predictions
from mammo_plugins.evaluation.label_predictions import is_label_file
from mammo_plugins.evaluation.saliency_files import INDEX, read_index
from mammo_plugins.io import AnnotationSet, read_annotations
from mammo_plugins.io.dicom_out.result_settings import ResultSettings
from mammo_plugins.io.source_walk import printable_path
from mammo_plugins.structures.finding_location import FindingLocation

from .model_file import read_model_file
from .studies import PredictedTables, write_all_results
from .writing import DicomRequest, StudyFiles


def write_folder_results(
    out: str | Path,
    kinds: tuple[str, ...],
    settings: ResultSettings,
    locations: Sequence[FindingLocation | None] | None = None,
) -> StudyFiles:
    """Writes the objects of all studies of a folder of predictions into its ``dicom``.

    Args:
        out: folder that ``mammo predict`` wrote; the images must lie where they lay then.
        kinds: see :func:`~.writing.check_kinds`.
        settings: how.
        locations: of each finding; found, and written as ``locations.csv``, where None.

    Raises:
        FileNotFoundError, ValueError: the folder holds no predictions, or a file in it cannot be read.
    """
    out = Path(out)
    request = DicomRequest(kinds, settings, read_model_file(out))
    images = read_annotations(out / IMAGES)
    left_out = _read_left_out(out)
    predicted = keep_predicted(images, left_out)
    return write_all_results(out, predicted, _read_tables(out, predicted, locations), request, left_out)


def keep_predicted(images: AnnotationSet, left_out: list[str]) -> AnnotationSet:
    """The images that were not left out, in a study of their own or with others.

    Args:
        images: everything that was found.
        left_out: files, as a table names them.
    """
    without = {printable_path(path) for path in left_out}
    return images.keep(printable_path(images.resolve_path(image)) not in without for image in images.images)


def _read_left_out(out: Path) -> list[str]:
    path = out / LEFT_OUT
    if not path.is_file():
        return []
    with path.open(newline='', encoding='utf-8') as file:
        return [row['File'] for row in csv.DictReader(file) if row['Status'] == 'left out']


def _read_tables(
    out: Path, predicted: AnnotationSet, locations: Sequence[FindingLocation | None] | None
) -> PredictedTables:
    findings = read_predictions(out / FINDINGS) if (out / FINDINGS).is_file() else None
    stem, suffix = Path(LABELS).stem, Path(LABELS).suffix
    labels = [read_labels(path) for path in sorted(out.glob(f'{stem}*{suffix}')) if is_label_file(path)]
    maps = out / MAPS
    entries = [(maps, entry) for entry in read_index(maps)] if (maps / INDEX).is_file() else []
    if findings is not None and locations is None:
        locations = locate_table(out / FINDINGS, predicted)
    return PredictedTables(findings, labels, entries, locations)
