"""From files to images: each file opened, slices gathered into volumes."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from mammo_plugins.datasets.audit.audit_thresholds import AuditThresholds
from mammo_plugins.datasets.audit.file_inspection import InspectionJob, inspect_file
from mammo_plugins.datasets.audit.file_verdict import judge_file
from mammo_plugins.datasets.audit.image_facts import PixelFacts
from mammo_plugins.io.dicom import DicomFile
from mammo_plugins.io.image_source import ImageSource, open_image
from mammo_plugins.io.mammogram_header import MammogramHeader
from mammo_plugins.io.meta_image import MetaImage
from mammo_plugins.io.slice_folder import DicomSlices, dicom_files_in, is_slice
from mammo_plugins.io.slice_series import drop_copies, gather_volumes, volume_path
from mammo_plugins.io.source_walk import printable_path
from mammo_plugins.io.unreadable_image import UnreadableImageError


@dataclass(frozen=True)
class Candidate:
    """An image that may be used.

    Attributes:
        path: file, folder of slices, or name of a series in a folder.
        header: what it says.
        pixels: what its middle slice shows.
        doubts: what is to be said of it.
    """

    path: Path
    header: MammogramHeader
    pixels: PixelFacts | None = None
    doubts: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self.path.parent

    def doubt(self, reason: str) -> Candidate:
        """The same image with one more thing to say."""
        return replace(self, doubts=(*self.doubts, reason))


@dataclass
class Candidates:
    """Images that may be used, and path to the reason of all others."""

    images: list[Candidate] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)


def open_candidates(files: Iterable[Path]) -> Candidates:
    """Opens every file; one that cannot be used never ends it. A file of the pixels of a MetaImage is part of that."""
    found, slices = Candidates(), []
    pixel_files: set[str] = set()
    for path in files:
        try:
            source: ImageSource = open_image(path)
        except UnreadableImageError as error:
            found.left_out[str(path)] = error.reason
        except Exception as error:  # decoders and parsers raise what they like; the text could quote a header
            found.left_out[str(path)] = f'cannot be read ({type(error).__name__})'
        else:
            if isinstance(source, DicomFile) and is_slice(source):
                slices.append(source)
            else:
                found.images.append(Candidate(path, source.header))
                if isinstance(source, MetaImage) and source.data_path != path:
                    pixel_files.add(str(source.data_path))
    found.left_out = {name: reason for name, reason in found.left_out.items() if name not in pixel_files}
    _gather(slices, found)
    found.images.sort(key=lambda image: str(image.path))
    return found


def judge_candidates(found: Candidates, thresholds: AuditThresholds) -> Candidates:
    """Those that are images of a whole breast, with what is odd about them; looks at a slice of each."""
    judged = Candidates(left_out=dict(found.left_out))
    for image in found.images:
        facts = inspect_file(InspectionJob(image.path))
        verdict = judge_file(facts, thresholds)
        if reason := verdict.left_out or verdict.special or _without_modality_or_view(image.header):
            judged.left_out[str(image.path)] = reason
        else:
            judged.images.append(replace(image, pixels=facts.pixels, doubts=image.doubts + verdict.doubts))
    return judged


def _without_modality_or_view(header: MammogramHeader) -> str | None:
    if header.modality is None:
        return header.modality_problem
    return None if header.view is not None else header.view_problem or 'side and view are unknown'


def _gather(slices: Sequence[DicomFile], found: Candidates) -> None:
    """Volumes of files of one slice each."""
    kept, copies = drop_copies(slices)
    for path, first in copies.items():
        found.left_out[str(path)] = f'the same slice as {printable_path(first)}: same SOP Instance UID'
    volumes = gather_volumes(file for file in kept if file.header.series_uid)
    numbers: dict[str, int] = defaultdict(int)
    for series, _ in volumes:
        numbers[series] += 1
    for (series, _), files in volumes.items():
        others = [file for (other, _), parts in volumes.items() if other == series for file in parts]
        _add_volume(_name(files, series, others), files, found, numbers[series])
    unnamed: dict[Path, list[DicomFile]] = defaultdict(list)
    for file in kept:
        if not file.header.series_uid:
            unnamed[file.path.parent].append(file)
    for folder, files in unnamed.items():
        if len(files) == 1 or _is_all_of(folder, files):
            _add_volume(files[0].path if len(files) == 1 else folder, files, found, 1)
            continue
        for file in files:
            reason = 'a slice without Series Instance UID among other images'
            found.left_out[str(file.path)] = f'{reason}: put the slices of each volume into a folder of their own'


def _name(files: Sequence[DicomFile], series: str, all_of_series: Sequence[DicomFile]) -> Path:
    """The one file, the folder that holds nothing else, or the series in the folder that all files lie in or below."""
    if len(files) == 1 == len(all_of_series):
        return files[0].path
    folder = Path(os.path.commonpath([file.path.parent for file in files]))
    if _is_all_of(folder, files):
        return folder
    below = gather_volumes(file for file in all_of_series if folder in file.path.parents)  # as the name is looked up
    ((_, number),) = [key for key, parts in below.items() if files[0] in parts]
    return volume_path(folder, series, number, len(below) == 1)


def _is_all_of(folder: Path, files: Sequence[DicomFile]) -> bool:
    return {file.path for file in files} == set(dicom_files_in(folder)) and len(files) > 1


def _add_volume(path: Path, files: Sequence[DicomFile], found: Candidates, num_volumes: int) -> None:
    try:
        header = files[0].header if len(files) == 1 else DicomSlices(path, files).header
    except UnreadableImageError as error:
        found.left_out[str(path)] = f'{error.reason} ({len(files)} slices)'
        return
    volume = Candidate(path, header)
    if len(files) == 1:
        volume = volume.doubt('a volume of one slice: others may be missing')
    if num_volumes > 1:
        volume = volume.doubt(
            f'one of {num_volumes} volumes of its series, told apart by patient, acquisition and geometry'
        )
    found.images.append(volume)
