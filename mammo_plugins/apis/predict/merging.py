"""From the folders of all studies to the tables, maps and report of a run, with one study in memory at a time."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from mammo_plugins.apis.found_images.left_out_table import write_left_out_rows
from mammo_plugins.apis.predicted_files import LOCATIONS
from mammo_plugins.evaluation.metrics.label_metric import label_file_name
from mammo_plugins.evaluation.patch_files import PATCHES
from mammo_plugins.evaluation.saliency_files import INDEX, read_index
from mammo_plugins.io.coco_volume import join_image_files
from mammo_plugins.io.source_walk import printable_path
from mammo_plugins.io.whole_file import whole_file

from .outputs import FINDINGS, LABELS, MAPS, PICTURES, further_maps, given_units, remove_tables
from .study_index import StudyIndex
from .study_parts import IMAGES, StudyParts, StudyRecord

LEFT_OUT = 'left_out.csv'


@dataclass(frozen=True)
class RunSummary:
    """What a run did.

    Attributes:
        num_studies: with an image that was predicted.
        num_failed: that could not be predicted.
        num_cases, num_images: that were predicted.
        num_left_out, num_doubts: files.
        num_dicom: DICOM objects that were written.
        notes: sentence about images to their number.
        foreign: modality that the config has no data of to the number of images.
        prediction_notes: how predictions came about to the number of images.
        given: what the model gave, see :class:`~.outputs.PredictedFiles`.
        group_by: what a case is; empty where there is none.
    """

    num_studies: int
    num_failed: int
    num_cases: int
    num_images: int
    num_left_out: int
    num_doubts: int
    num_dicom: int
    notes: Mapping[str, int]
    foreign: Mapping[str, int]
    prediction_notes: Mapping[str, int]
    given: Mapping[str, Sequence[str]]
    group_by: str


def summarize(parts: StudyParts, index: StudyIndex) -> RunSummary:
    """Adds up the records."""
    counts: Counter[str] = Counter()
    notes, foreign, prediction_notes = Counter(), Counter(), Counter()
    given: dict[str, list[str]] = {}
    group_by = ''
    for record in parts.records(index.num_studies):
        counts['studies'] += bool(record.num_images)
        counts['failed'] += bool(record.failed)
        counts['cases'] += len(record.cases)
        counts['images'] += record.num_images
        counts['left out'] += len(record.left_out) + bool(record.failed)
        counts['doubts'] += len(record.doubts)
        counts['dicom'] += record.dicom
        notes.update(record.notes)
        foreign.update(record.foreign)
        prediction_notes.update(record.prediction_notes)
        for what, names in record.given.items():
            given[what] = list(dict.fromkeys([*given.get(what, []), *names]))
        group_by = group_by or record.group_by
    problems = sum(1 for _ in index.problems())
    return RunSummary(
        counts['studies'],
        counts['failed'],
        counts['cases'],
        counts['images'],
        counts['left out'] + problems,
        counts['doubts'],
        counts['dicom'],
        notes,
        foreign,
        prediction_notes,
        given,
        group_by,
    )


def merge_parts(parts: StudyParts, index: StudyIndex, summary: RunSummary) -> None:
    """Writes the tables, ``maps``, ``pictures``, ``images.json`` and ``left_out.csv``.

    May be stopped and run again.
    """
    out = parts.out
    remove_tables(out)
    folders = [parts.folder(number) for number in range(1, index.num_studies + 1)]
    join_tables(out / FINDINGS, (folder / FINDINGS for folder in folders))
    join_tables(out / LOCATIONS, (folder / LOCATIONS for folder in folders))
    units = given_units(summary.given)
    for unit in units:
        join_tables(label_file_name(out / LABELS, unit, len(units)), _label_parts(folders, unit))
    for name in (MAPS, PICTURES, *further_maps(summary.given)):
        _join_maps(out / name, [folder / name for folder in folders])
    join_tables(out / MAPS / PATCHES, (folder / MAPS / PATCHES for folder in folders))
    predicted = (parts.folder(record.number) for record in parts.records(index.num_studies) if not record.failed)
    images = (folder / IMAGES for folder in predicted if (folder / IMAGES).is_file())
    join_image_files(out / IMAGES, images, {'root': '', 'source': 'files of the user'})
    write_left_out_rows(
        out / LEFT_OUT,
        chain(index.problems(), _reasons(parts, index, _left_out)),
        chain(_reasons(parts, index, lambda record: record.doubts), repeated_pixels(parts.records(index.num_studies))),
    )


def _left_out(record: StudyRecord) -> dict[str, str]:
    return record.left_out | ({f'study {record.number}': record.failed} if record.failed else {})


def _reasons(
    parts: StudyParts, index: StudyIndex, choose: Callable[[StudyRecord], Mapping[str, str]]
) -> Iterator[tuple[str, str]]:
    for record in parts.records(index.num_studies):
        yield from sorted(choose(record).items())


def repeated_pixels(records: Iterable[StudyRecord]) -> Iterator[tuple[str, str]]:
    """Images whose pixels another study has too, with what is to be said of them; within a study that was said."""
    first: dict[str, tuple[int, str]] = {}
    for record in records:
        for path, digest in record.digests.items():
            number, other = first.setdefault(digest, (record.number, path))
            if number != record.number:
                yield path, f'the same pixels as {printable_path(other)}, which is of another study'


def join_tables(path: Path, parts: Iterable[Path]) -> None:
    """Rows of all tables that exist, under the columns of all of them; no file where there is no table."""
    tables = [part for part in parts if part.is_file()]
    if not tables:
        return
    columns = list(dict.fromkeys(name for table in tables for name in _columns(table)))
    with whole_file(path) as unfinished, unfinished.open('w', newline='', encoding='utf-8') as file:
        writer = csv.DictWriter(file, columns, restval='', lineterminator='\n')
        writer.writeheader()
        for table in tables:
            with table.open(newline='', encoding='utf-8') as rows:
                writer.writerows(csv.DictReader(rows))


def _columns(table: Path) -> list[str]:
    with table.open(newline='', encoding='utf-8') as file:
        return next(csv.reader(file))


def _label_parts(folders: Sequence[Path], unit: str) -> Iterator[Path]:
    for folder in folders:
        for path in sorted(folder.glob(f'{Path(LABELS).stem}*.csv')):
            if unit in _columns(path):
                yield path


def _join_maps(target: Path, folders: Sequence[Path]) -> None:
    """Moves the maps of all studies into one folder, which gets one index; theirs stay."""
    with_index = [folder for folder in folders if (folder / INDEX).is_file()]
    if not with_index:
        return
    target.mkdir(parents=True, exist_ok=True)
    for folder in with_index:
        for entry in read_index(folder):
            if (folder / entry.file).is_file():  # moved already where merging was stopped
                os.replace(folder / entry.file, target / entry.file)
    join_tables(target / INDEX, [folder / INDEX for folder in with_index])
