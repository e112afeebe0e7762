"""DICOM objects of a study from its folder below ``OUT/studies``, right after it was predicted or any time later."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydicom import Dataset

from mammo_plugins.apis.finding_locations import Locator, locate_findings, read_locations
from mammo_plugins.apis.predicted_files import FINDINGS, LABELS, LOCATIONS, MAPS
from mammo_plugins.evaluation import read_labels, read_predictions
from mammo_plugins.evaluation.label_predictions import is_label_file
from mammo_plugins.evaluation.saliency_files import INDEX, SaliencyMap, read_index
from mammo_plugins.io import AnnotationSet, read_annotations

from .failed_images import find_failed, headers_of
from .failed_study import write_failed_study
from .studies import PredictedTables, write_all_results
from .writing import DicomRequest, StudyFiles

_IMAGES = 'images.json'


def write_study_folder(
    out: Path,
    folder: Path,
    left_out: Mapping[str, str],
    not_analysed: Sequence[str],
    failed_files: Sequence[Path] | None,
    request: DicomRequest,
) -> StudyFiles:
    """Writes the objects of a study below ``out/dicom``; its images must lie where they lay when it was predicted.

    Args:
        out: folder of the run.
        folder: of the study: its images and its part of the tables.
        left_out: files of the study that were not predicted, with the reason.
        not_analysed: those of them that are to be read, whatever their pixels are like: the reports say that analysing
            them failed.
        failed_files: the files of the study where predicting it failed, so that none of its images was read; None
            where it did not.
        request: what to write.

    Raises:
        FileNotFoundError, ValueError: a file in the folder cannot be read.
    """
    path = folder / _IMAGES
    if failed_files is not None and not path.is_file():  # it failed before its images were told from other files
        return write_failed_study(out, failed_files, request)
    images = read_annotations(path) if path.is_file() else AnnotationSet([], [], {'root': ''})
    predicted = images.keep(str(images.resolve_path(image)) not in left_out for image in images.images)
    failed: dict[str, list[Dataset]] = defaultdict(list, find_failed(set(left_out).difference(not_analysed)))
    unread = [] if failed_files is None else [predicted.resolve_path(image) for image in predicted.images]
    for unread_file in (*map(Path, not_analysed), *unread):
        for header in headers_of(unread_file):
            failed[header.StudyInstanceUID].append(header)
    if failed_files is not None:
        return write_all_results(out, images.keep([False] * len(images.images)), PredictedTables(), request, failed)
    return write_all_results(out, predicted, _read_tables(out, folder, predicted), request, failed)


def _read_tables(out: Path, folder: Path, predicted: AnnotationSet) -> PredictedTables:
    findings = read_predictions(folder / FINDINGS) if (folder / FINDINGS).is_file() else None
    stem, suffix = Path(LABELS).stem, Path(LABELS).suffix
    labels = [read_labels(path) for path in sorted(folder.glob(f'{stem}*{suffix}')) if is_label_file(path)]
    locations = None
    if findings is not None:
        told = folder / LOCATIONS
        locations = (
            read_locations(told, findings)
            if told.is_file()
            else locate_findings(Locator(predicted), predicted, findings)
        )
    return PredictedTables(findings, labels, _maps(out, folder), locations)


def _maps(out: Path, folder: Path) -> list[tuple[Path, SaliencyMap]]:
    """Maps of a study, which lie in its folder until those of all studies are moved together."""
    if not (folder / MAPS / INDEX).is_file():
        return []
    entries = read_index(folder / MAPS)
    return [(folder / MAPS if (folder / MAPS / entry.file).is_file() else out / MAPS, entry) for entry in entries]
