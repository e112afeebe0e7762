"""Which files of one slice each make a volume.

Told by series, patient, acquisition and geometry, never by folder or name. A volume whose slices lie among other files,
or in several folders, is called ``FOLDER/SERIES_UID.series``, or ``FOLDER/SERIES_UID+2.series`` for the second volume
of a series that holds several (two acquisitions, two views, two patients). No file has this name: it is looked up in
the headers of the files in and below ``FOLDER``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydicom import dcmread
from pydicom.config import disable_value_validation

from .dicom import DicomFile
from .slice_folder import DicomSlices, has_dicom_marker, is_slice, slice_identity
from .source_walk import walk_source
from .unreadable_image import UnreadableImageError

SERIES_SUFFIX = '.series'
_NAME = re.compile(r'([0-9.]+)(?:\+([0-9]+))?')
_ORIENTATION_DIGITS = 3


def gather_volumes(slices: Iterable[DicomFile]) -> dict[tuple[str, int], list[DicomFile]]:
    """Slices by volume.

    Args:
        slices: files of one slice each, whose series is known.

    Returns:
        (Series Instance UID, number of the volume in its series from 1) to its files, in the order of acquisitions.
    """
    by_series: dict[str, dict[tuple[Any, ...], list[DicomFile]]] = defaultdict(lambda: defaultdict(list))
    for file in slices:
        by_series[file.header.series_uid][_likeness(file)].append(file)
    return {
        (series, number): parts[key]
        for series, parts in by_series.items()
        for number, key in enumerate(sorted(parts, key=repr), start=1)
    }


def volume_path(folder: Path, series_uid: str, number: int, is_only: bool) -> Path:
    """What a volume in or below a folder is called.

    Args:
        folder: that all of its files lie in or below.
        series_uid, number: of :func:`gather_volumes`.
        is_only: whether the series holds no other volume.
    """
    return folder / f'{series_uid}{"" if is_only else f"+{number}"}{SERIES_SUFFIX}'


def names_series(path: Path) -> bool:
    """Whether a path is the name of a series, and not of a file or folder."""
    return path.suffix == SERIES_SUFFIX and _NAME.fullmatch(path.stem) is not None and not path.exists()


def open_series(path: Path) -> DicomSlices:
    """The volume of a name that :func:`volume_path` made.

    Raises:
        UnreadableImageError: no such series, or slices that are no volume.
    """
    return DicomSlices(path, [DicomFile(file) for file in _select(path)])


def series_files(path: Path) -> list[Path]:
    """The files of a series by its name, sorted; those of all its volumes where it holds several.

    Raises:
        UnreadableImageError: no file of the series is there.
    """
    series, _ = _parse(path)
    files = _files_by_series(path.parent, _stamp(path.parent)).get(series, ())
    if not files:
        raise UnreadableImageError(path, f'no slice of this series lies in {path.parent} or below it')
    return list(files)


def _select(path: Path) -> list[Path]:
    """The files of the one volume that is meant."""
    series, number = _parse(path)
    opened = [DicomFile(file) for file in series_files(path)]
    volumes = gather_volumes(drop_copies(file for file in opened if is_slice(file))[0])
    if number is None and len(volumes) > 1:
        raise UnreadableImageError(
            path, f'the series holds {len(volumes)} volumes: name one as {series}+1{SERIES_SUFFIX}'
        )
    if (series, number or 1) not in volumes:
        raise UnreadableImageError(path, f'the series holds {len(volumes)} volumes, none of this number')
    return [file.path for file in volumes[series, number or 1]]


def drop_copies(slices: Iterable[DicomFile]) -> tuple[list[DicomFile], dict[Path, Path]]:
    """Each slice once.

    Returns:
        The first file of each slice in order of path, and for every other one the first.
    """
    first: dict[tuple[Any, ...], Path] = {}
    kept, copies = [], {}
    for file in sorted(slices, key=lambda file: file.path):
        identity = slice_identity(file)
        if file.header.sop_instance_uid and identity in first:
            copies[file.path] = first[identity]
            continue
        first[identity] = file.path
        kept.append(file)
    return kept, copies


def _likeness(file: DicomFile) -> tuple[Any, ...]:
    """What all slices of one volume share; sorts by acquisition."""
    header = file.header
    directions = tuple(round(value, _ORIENTATION_DIGITS) + 0.0 for value in file.position_patient_mm[3:])
    acquisition = header.acquisition_number
    return (
        acquisition is not None, acquisition or 0, header.patient_id, header.study_uid, str(header.view), header.rows,
        header.columns, header.photometric_interpretation, header.patient_orientation or (), directions,
    )  # fmt: skip


def _parse(path: Path) -> tuple[str, int | None]:
    match = _NAME.fullmatch(path.stem)
    if match is None:
        raise UnreadableImageError(path, 'is no name of a series')
    return match[1], int(match[2]) if match[2] else None


def _stamp(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Changes when a file below the folder does."""
    found = []
    for file in walk_source(folder).files:
        state = file.stat()
        found.append((str(file), state.st_size, state.st_mtime_ns))
    return tuple(found)


@lru_cache(maxsize=8)
def _files_by_series(folder: Path, stamp: tuple[tuple[str, int, int], ...]) -> dict[str, Sequence[Path]]:
    """Files by Series Instance UID, of which alone the headers are read."""
    found: dict[str, list[Path]] = defaultdict(list)
    for name, _, _ in stamp:
        if series := _read_series_uid(Path(name)):
            found[series].append(Path(name))
    return found


def _read_series_uid(path: Path) -> str:
    if not has_dicom_marker(path):
        return ''
    try:
        with disable_value_validation():
            dataset = dcmread(path, stop_before_pixels=True, specific_tags=['SeriesInstanceUID'])
            return str(dataset.get('SeriesInstanceUID', '')).strip(' \0')
    except Exception:  # another file among many, which is judged where it is opened
        return ''
