"""OMI-DB, the OPTIMAM Mammography Image Database (Royal Surrey, Cancer Research UK): screening in the NHS.

The release is a folder with ``images/<client>/<study>/<image>.dcm`` and ``data/<client>`` with the records of a
client: ``imagedb_<client>.json`` (studies, series, images and the marks in them) and ``nbss_<client>.json`` (episodes,
opinions, lesions). The copy of each DICOM header as JSON is not needed. There is no official split.

Only what is documented publicly is read; the page ``docs/datasets/omi-db.md`` says what is not certain.

Source: Halling-Brown et al., "OPTIMAM Mammography Image Database: a large-scale resource of mammography images and
clinical data", Radiology: Artificial Intelligence 3(1), 2021; https://scicomcore.bitbucket.io/omidb/structure.html.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mammo_plugins.io import AnnotationSet, FindingRecord, ImageRecord, MammogramHeader

from ..box_clipping import clip_box
from ..conversion_report import ConversionReport
from ..image_inspection import InspectedImage, inspect_images
from ..patient_splits import DEFAULT_SHARES, split_patients
from ..release_files import ReleaseFiles
from ..view_numbering import ViewNumbering
from .marks import parse_mark
from .outcomes import BreastOutcome, judge_lesions, read_outcomes

DATA_FOLDER, IMAGE_FOLDER = 'data', 'images'
MAX_RECORD_BYTES = 2**26  # 67 MB; records of a client have some hundred kilobytes

_CLIENT = re.compile(r'[a-z]{4}\d+')
_UID = re.compile(r'\d+(\.\d+)+')
_FACTS_OF_STUDIES = ('EpisodeID', 'StudyDate')


@dataclass(frozen=True)
class _Client:
    """The records of one client."""

    name: str
    site: str
    studies: dict[str, Any]
    episodes: dict[str, Any]
    outcomes: dict[tuple[str, str], BreastOutcome]


@dataclass(frozen=True)
class _Image:
    """An image in a client's records whose file exists."""

    client: _Client
    study: str
    episode: str
    number: str
    path: Path
    marks: dict[str, Any]

    @property
    def where(self) -> str:
        return f'{self.client.name} image {self.number}'


def convert_omi_db(
    src: str | Path,
    *,
    for_processing: bool = False,
    unknown_outcomes: bool = False,
    split_shares: Sequence[float] = DEFAULT_SHARES,
    seed: int = 0,
    workers: int | None = None,
    show_progress: bool = True,
) -> AnnotationSet:
    """Annotations of a copy of the database, or of a part of it.

    Args:
        src: folder with ``data`` and ``images``.
        for_processing: include the unprocessed image that most processed ones have beside them.
        unknown_outcomes: include images of breasts of which the records do not say whether they hold cancer, without
            label and without split: they can neither train as negatives nor be scored.
        split_shares: of the clients in train, validation and test.
        seed: of the splits.
        workers: processes that read headers; as many as processors where None.
        show_progress: a progress bar on standard error.

    Raises:
        ConversionError: no such folders, no client, or no image.
        ValueError: impossible shares.
    """
    src = Path(src)
    report = ConversionReport()
    release = ReleaseFiles(src, report)
    clients = list(_read_clients(release, report))
    splits = split_patients((client.name for client in clients), split_shares, seed)
    entries = [image for client in clients for image in _find_images(release, client, report)]
    inspected = inspect_images([entry.path for entry in entries], [None] * len(entries), workers, show_progress)
    images, findings, numbering, raw = [], [], ViewNumbering(), Counter()
    for entry, found in zip(entries, inspected, strict=True):
        if problem := _find_problem(found):
            report.drop(entry.where, problem, 'images')
        elif found.header.for_processing and not for_processing:
            raw.update({(entry.client.name, 'images'): 1, (entry.client.name, 'marks'): len(entry.marks)})
        elif not unknown_outcomes and (outcome := _outcome(entry, found.header)).status is None:
            report.drop(entry.where, f'outcome not known: {outcome.reason}', 'images_of_unknown_outcome')
        else:
            split = splits[entry.client.name]
            image = _image_record(len(images) + 1, src, entry, found.header, split, numbering, report)
            images.append(image)
            findings += _read_findings(entry, image, report)
    _report_unprocessed(raw, report)
    return report.build(
        images, findings, converter='omi-db', source=src, release='OMI-DB',
        tables=[f'{kind}_<client>.json' for kind in ('imagedb', 'nbss')],
    )  # fmt: skip


def _read_clients(release: ReleaseFiles, report: ConversionReport) -> Iterator[_Client]:
    src = release.src
    for folder in (DATA_FOLDER, IMAGE_FOLDER):
        if not (src / folder).is_dir():
            raise release.refusal(
                f'holds no folder {folder}: give the folder of OMI-DB that holds {DATA_FOLDER} and '
                f'{IMAGE_FOLDER} (image_db/sharing/... in its download tool)'
            )
    folders = [folder for folder in release.folders if folder.parent == src / DATA_FOLDER]
    if not any(_CLIENT.fullmatch(folder.name) for folder in folders):
        raise release.refusal(f'{DATA_FOLDER} holds no folder of a client, such as optm1 or demd2')
    for folder in folders:
        try:
            yield _read_client(folder, release)
        except ValueError as error:
            report.drop(f'{DATA_FOLDER}/{folder.name}', str(error), 'clients')


def _read_client(folder: Path, release: ReleaseFiles) -> _Client:
    if not _CLIENT.fullmatch(folder.name):
        raise ValueError('not named as a client is: four letters and a number')
    images, record = (_read_record(folder, kind, release) for kind in ('imagedb', 'nbss'))
    studies = images.get('STUDIES')
    if not isinstance(studies, dict):
        raise ValueError('imagedb: STUDIES is no object')
    site = images.get('Site')
    return _Client(folder.name, str(site) if site else '', studies, record, read_outcomes(record))


def _read_record(folder: Path, kind: str, release: ReleaseFiles) -> dict[str, Any]:
    """``<kind>_<client>.json``, which some clients have in capitals."""
    names = [f'{kind}_{folder.name}.json', f'{kind.upper()}_{folder.name}.json']
    path = next((folder / name for name in names if (folder / name).is_file()), None)
    if path is None:
        reason = next(filter(None, (release.problem_of(folder / name) for name in names)), None)
        raise ValueError(f'no {names[0]}' + (f': {reason}' if reason else ''))
    try:
        if (size := path.stat().st_size) > MAX_RECORD_BYTES:
            raise ValueError(f'{size} bytes, more than the {MAX_RECORD_BYTES} of any record')
        content = json.loads(path.read_bytes())
        # Infinite numbers and halves of surrogate pairs can be read, but not be written into an annotation file.
        json.dumps(content, allow_nan=False, ensure_ascii=False).encode()
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f'{path.name} cannot be read ({type(error).__name__}: {error})') from error
    if not isinstance(content, dict):
        raise ValueError(f'{path.name} is a {type(content).__name__}, not an object')
    return content


def _find_images(release: ReleaseFiles, client: _Client, report: ConversionReport) -> Iterator[_Image]:
    """Images of a client's records whose file exists; names that are no UID never make a path."""
    for study, content in client.studies.items():
        where = f'{client.name} study {study}'
        if not _UID.fullmatch(study) or not isinstance(content, dict):
            report.drop(where, 'not the UID of a study with its series', 'studies')
            continue
        episode = str(content.get('EpisodeID') or '')
        if episode not in client.episodes:
            report.note(where, f'episode {episode!r} is not in the screening record', 'studies_without_episode')
        for series, members in content.items():
            if series in _FACTS_OF_STUDIES:
                continue
            for number, marks in members.items() if isinstance(members, dict) else ():
                path = release.src / IMAGE_FOLDER / client.name / study / f'{number}.dcm'
                if not _UID.fullmatch(number):
                    report.drop(f'{where} series {series}', f'image {number!r} is no UID', 'images')
                elif (reason := release.problem_of(path)) or not os.path.isfile(path):
                    # Unlike pathlib's, isfile says no where a name is too long for any file.
                    missing = f'no file {path.relative_to(release.src)}' + (f': {reason}' if reason else '')
                    report.drop(f'{client.name} image {number}', missing, 'images')
                else:
                    yield _Image(client, study, episode, number, path, marks if isinstance(marks, dict) else {})


def _find_problem(found: InspectedImage) -> str | None:
    if found.problem:
        return found.problem
    if found.header.modality == 'DBT':
        return 'is a DBT volume: how marks name its slices is not documented'
    return found.header.view_problem


def _image_record(
    number: int,
    src: Path,
    entry: _Image,
    header: MammogramHeader,
    split: str,
    numbering: ViewNumbering,
    report: ConversionReport,
) -> ImageRecord:
    client, outcome = entry.client, _outcome(entry, header)
    if header.view_modifiers:
        report.note(entry.where, f'view modifiers: {", ".join(header.view_modifiers)}', 'views_with_modifiers')
    return ImageRecord(
        id=number,
        file_name=entry.path.relative_to(src).as_posix(),
        width=header.columns,
        height=header.rows,
        num_slices=1,
        patient_id=client.name,
        study_uid=entry.study,
        view=str(header.view),
        modality=header.modality,
        view_name=numbering.name_next(header.view, client.name, entry.study, header.modality),
        manufacturer=header.manufacturer,
        spacing_mm=header.spacing_mm,
        split=None if outcome.status is None else split,
        acquisition_time_s=header.acquisition_time_s,
        labels=_labels(entry, outcome, report),
    )


def _outcome(entry: _Image, header: MammogramHeader) -> BreastOutcome:
    breast = (entry.episode, header.view.laterality.value)
    return entry.client.outcomes.get(breast, BreastOutcome(None, 'no screening record of this episode'))


def _labels(entry: _Image, outcome: BreastOutcome, report: ConversionReport) -> dict[str, Any]:
    if outcome.status is None:
        report.note(entry.where, f'no label: {outcome.reason}', 'images_without_labels')
    episode = entry.client.episodes.get(entry.episode)
    labels = {
        'malignant': outcome.malignant,
        'benign': outcome.benign,
        'status': outcome.status,
        'episode_type': episode.get('EpisodeType') if isinstance(episode, dict) else None,
        'site': entry.client.site,
    }
    return {name: value for name, value in labels.items() if value not in (None, '')}


def _read_findings(entry: _Image, image: ImageRecord, report: ConversionReport) -> list[FindingRecord]:
    findings = []
    for name, mark in entry.marks.items():
        where = f'{entry.where} mark {name}'
        try:
            findings.append(_finding_record(where, mark, entry, image, report))
        except ValueError as error:
            report.drop_finding(where, str(error), 'marks', image.id)
    return findings


def _finding_record(
    where: str, content: Any, entry: _Image, image: ImageRecord, report: ConversionReport
) -> FindingRecord:
    mark, side = parse_mark(content), image.view_key.laterality.value
    episode = entry.client.episodes.get(entry.episode)
    category, reason = judge_lesions(
        episode if isinstance(episode, dict) else {},
        side,
        list(mark.lesion_numbers),
        entry.client.outcomes.get((entry.episode, side)),
    )
    if category is None:
        raise ValueError(f'neither malignant nor benign: {reason}')
    box, was_clipped = clip_box(mark.bbox_xywh, image.width, image.height)
    if was_clipped:
        reason = f'box {mark.bbox_xywh} clipped to {image.width} x {image.height} pixels'
        report.note(where, reason, 'clipped_boxes')
    if mark.corners_swapped:
        report.note(where, 'the second corner is above or left of the first', 'marks_with_swapped_corners')
    lesion = '+'.join(mark.lesion_numbers)
    return FindingRecord(
        image_id=image.id,
        category=category,
        bbox_xywh=box,
        lesion_id=f'{image.patient_id}-{entry.episode}-{side}-{lesion}' if lesion else None,
        attributes=mark.attributes,
    )


def _report_unprocessed(raw: Counter[tuple[str, str]], report: ConversionReport) -> None:
    """One line a client: half of the database is unprocessed."""
    for client, kind in sorted(raw):
        if kind == 'images':
            reason = f'{raw[client, "images"]} images for processing with {raw[client, "marks"]} marks: not asked for'
            report.drop(client, reason, 'clients_with_images_for_processing')
            report.counts['images_for_processing_left_out'] += raw[client, 'images']
