"""A DBT volume stored as one DICOM file a slice (CT Image Storage, or tomosynthesis objects of one frame).

A volume is named by its folder where the folder holds nothing else, and by ``FOLDER/SERIES_UID.series`` where its
slices lie among other files, in the folder or below it; see :mod:`~mammo_plugins.io.slice_series`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .dicom import DicomFile
from .dicom_frames import POSITION_ROUNDING_MM, doubt_distances, is_one_position, positions_along_stack
from .dicom_intensity import find_mixed_rules
from .dicom_modality import BREAST_TOMOSYNTHESIS, CT_IMAGE
from .slice_selection import check_slice_indices
from .unreadable_image import UnreadableImageError
from .voi import IntensityRules, check_policy

_NUMBERS_LISTED = 5
_GAP_FACTOR = 1.5  # beyond the median distance of slices times this one is missing; below it by this, one is too many
_ALIKE = (
    ('patient_id', 'patients'), ('study_uid', 'studies'), ('series_uid', 'series'),
    ('acquisition_number', 'acquisitions'), ('rows', 'numbers of rows'), ('columns', 'numbers of columns'),
    ('photometric_interpretation', 'photometric interpretations'), ('view', 'views'),
    ('patient_orientation', 'Patient Orientations'),
)  # fmt: skip


class DicomSlices:
    """A volume of one file a slice, sorted by position, or by Instance Number where positions do not differ.

    Args:
        path: what the volume is called: a folder, or a series in it.
        slices: its files in any order.

    Attributes:
        header (MammogramHeader): that of the first slice, with the volume's path and all slices counted.

    Raises:
        UnreadableImageError: no slices, unreadable, duplicate or missing ones, or of more than one volume.
    """

    def __init__(self, path: Path, slices: Sequence[DicomFile]) -> None:
        self.path = path
        self._check_same_volume(slices)
        self._slices = self._sort(list(slices))
        problems = [f'{file.path.name}: {file.header.pixel_problem}' for file in slices if file.header.pixel_problem]
        mixed, doubt = find_mixed_rules([file.intensity_rules for file in slices], 'slices')
        doubts = dict.fromkeys(told for file in slices for told in file.header.doubts)
        doubts.update(dict.fromkeys([*([doubt] if doubt else []), *_stack_doubts(self._slices)]))
        self.header = replace(
            self._slices[0].header,
            path=self.path,
            num_slices=len(slices),
            slice_spacing_mm=_slice_spacing(self._slices) or self._slices[0].header.slice_spacing_mm,
            doubts=tuple(doubts),
            pixel_problem='; '.join(problems[:3]) or mixed,
        )

    def iter_slices(self, indices: Sequence[int] | None = None, voi: str = 'auto') -> Iterator[npt.NDArray[np.float32]]:
        """Intensities (H, W) in [0, 1] of the wanted slices, as :meth:`DicomFile.iter_slices` gives them."""
        check_policy(voi)
        wanted = check_slice_indices(indices, self.header.num_slices, self.path)
        if self.header.pixel_problem:
            raise UnreadableImageError(self.path, self.header.pixel_problem)
        return (pixels for index in wanted for pixels in self._slices[index].iter_slices(voi=voi))

    @property
    def files(self) -> list[Path]:
        """The file of each slice."""
        return [file.path for file in self._slices]

    @property
    def shared_rules(self) -> IntensityRules | None:
        """Rules of all slices; None where they differ, or where tables would have to be compared."""
        rules = [file.shared_rules for file in self._slices]
        first = rules[0]
        if first is None or first.voi_table is not None or first.modality_table is not None:
            return None
        return first if all(one == first for one in rules) else None

    @property
    def instances(self) -> list[tuple[str, str]]:
        """(SOP Class UID, SOP Instance UID) of each slice that has one."""
        return [instance for file in self._slices for instance in file.instances]

    def _check_same_volume(self, slices: Sequence[DicomFile]) -> None:
        headers = [file.header for file in slices]
        if not headers:
            raise UnreadableImageError(self.path, 'the folder holds no DICOM file')
        for file in slices if len(slices) > 1 else ():
            if not is_slice(file):
                raise UnreadableImageError(
                    self.path,
                    f'the folder holds {len(slices)} files, and {file.path.name} is an image of its own, not a '
                    'slice of a volume: give the path of one file',
                )
        for name, what in _ALIKE:
            values = Counter(str(getattr(header, name)) for header in headers)
            if len(values) > 1:
                raise UnreadableImageError(
                    self.path,
                    f'slices of {len(values)} {what} are mixed: {_counted(values)}; name one of them as '
                    'FOLDER/SERIES_UID.series, or give each a folder of its own',
                )
        instances = Counter(map(slice_identity, slices))
        if repeated := [key for key, count in instances.items() if key[0] and count > 1]:
            names = [file.path.name for file in slices if slice_identity(file) == repeated[0]]
            raise UnreadableImageError(self.path, f'the same slice lies in several files: {", ".join(names)}')

    def _sort(self, slices: list[DicomFile]) -> list[DicomFile]:
        numbers = [file.instance_number for file in slices]
        positions = self._distinct_positions(slices)
        if positions is None:
            if len(slices) > 1 and None in numbers:
                raise UnreadableImageError(self.path, 'slices have neither distinct positions nor instance numbers')
            order = np.argsort([number or 0 for number in numbers], kind='stable')
        else:
            order = np.argsort(positions, kind='stable')
            self._check_steps(positions[order], [slices[index].path.name for index in order])
            self._check_one_run(positions, numbers)
        self._check_numbers(numbers)
        return [slices[index] for index in order]

    def _distinct_positions(self, slices: list[DicomFile]) -> npt.NDArray[np.float64] | None:
        positions = _positions_of(slices)
        if positions is None or is_one_position(np.ptp(positions)):
            return None  # absent, or one for all as in BCS-DBT
        order = np.argsort(positions, kind='stable')
        if len(close := np.flatnonzero(is_one_position(np.diff(positions[order])))):
            names = ' and '.join(slices[index].path.name for index in sorted(order[close[0] : close[0] + 2]))
            raise UnreadableImageError(
                self.path, f'{names} lie at the same position: two acquisitions, or copies, mixed in one volume'
            )
        return positions

    def _check_steps(self, positions: npt.NDArray[np.float64], names: list[str]) -> None:
        """No slice is missing, and none of another acquisition lies between."""
        steps = np.diff(positions)
        if not len(steps):
            return
        usual = float(np.median(steps))
        wide = np.flatnonzero(steps > _GAP_FACTOR * usual + POSITION_ROUNDING_MM)
        narrow = np.flatnonzero(steps < usual / _GAP_FACTOR - POSITION_ROUNDING_MM)
        for index, reason in [
            *((index, 'a slice is missing between {}') for index in wide[:1]),
            *((index, '{} are nearer to each other than slices of one acquisition') for index in narrow[:1]),
        ]:
            raise UnreadableImageError(
                self.path,
                f'{reason.format(f"{names[index]} and {names[index + 1]}")}: they lie {steps[index]:.2f} mm apart, '
                f'others {usual:.2f} mm',
            )

    def _check_one_run(self, positions: npt.NDArray[np.float64], numbers: list[int | None]) -> None:
        """Instance Numbers do not go through the stack twice in one direction, as two acquisitions do."""
        if None in numbers:
            return
        along = positions[np.argsort([number or 0 for number in numbers], kind='stable')]
        for stack in (along, -along):
            back = np.flatnonzero(np.diff(stack) < 0) + 1
            runs = np.split(stack, back)
            if len(runs) > 1 and all(len(run) > 1 for run in runs):
                raise UnreadableImageError(
                    self.path,
                    f'Instance Numbers go through the stack {len(runs)} times: {len(runs)} acquisitions are mixed in '
                    'one volume; put the slices of each into a folder of its own',
                )

    def _check_numbers(self, numbers: list[int | None]) -> None:
        """Instance Numbers, where each slice has one, are unique and leave no gap."""
        if None in numbers:
            return
        counts = Counter(numbers)
        if repeated := sorted(number for number, count in counts.items() if count > 1):
            raise UnreadableImageError(
                self.path, f'several slices have Instance Number {_listed(repeated, len(repeated))}'
            )
        if missing := max(counts) - min(counts) + 1 - len(counts):
            # Numbers may lie billions apart: looked for one by one, and only as far as they are listed.
            first = islice((n for n in range(min(counts), max(counts)) if n not in counts), _NUMBERS_LISTED)
            raise UnreadableImageError(
                self.path, f'slices are missing: Instance Number {_listed(list(first), missing)}'
            )


class DicomSliceFolder(DicomSlices):
    """The volume of a folder, whose DICOM files are its slices; files of other kinds are left alone.

    Args:
        path: the folder.

    Raises:
        UnreadableImageError: see :class:`DicomSlices`.
    """

    def __init__(self, path: str | Path) -> None:
        super().__init__(Path(path), [DicomFile(file) for file in dicom_files_in(Path(path))])


def is_slice(file: DicomFile) -> bool:
    """Whether a file is one slice of a volume rather than an image of its own."""
    header = file.header
    is_volume = header.sop_class_uid in (CT_IMAGE, BREAST_TOMOSYNTHESIS) and header.modality == 'DBT'
    return is_volume and header.num_slices == 1


def slice_identity(file: DicomFile) -> tuple[Any, ...]:
    """What a slice and its copies have in common; a UID alone is no proof, since tools write one into all files."""
    header = file.header
    whose = (header.patient_id, header.study_uid, str(header.view), header.acquisition_number)
    return (header.sop_instance_uid, *whose, file.instance_number, file.position_patient_mm)


def dicom_files_in(folder: Path) -> list[Path]:
    """Files of a folder that carry the DICOM marker, and those named ``.dcm`` that should; sorted by name.

    Raises:
        UnreadableImageError: the folder cannot be opened.
    """
    try:
        files = sorted(entry for entry in folder.iterdir() if entry.is_file() and not entry.name.startswith('.'))
    except OSError as error:
        raise UnreadableImageError(folder, f'cannot be opened: {error.strerror or type(error).__name__}') from error
    return [file for file in files if is_dicom_file(file)]


def is_dicom_file(path: Path) -> bool:
    """Whether a file carries the DICOM marker, or is named as one that should."""
    return path.suffix.lower() in ('.dcm', '.dicom') or has_dicom_marker(path)


def has_dicom_marker(path: Path) -> bool:
    """Whether a file starts as a DICOM file does (PS3.10 7.1: 128 bytes, then DICM)."""
    try:
        with path.open('rb') as file:
            return file.read(132)[128:] == b'DICM'
    except OSError:
        return False


def _slice_spacing(ordered: list[DicomFile]) -> float | None:
    """Median distance of neighbours in mm, or None where positions are absent or do not differ."""
    positions = _positions_of(ordered)
    if positions is None or is_one_position(np.ptp(positions)):
        return None
    return float(np.median(np.diff(positions)))


def _stack_doubts(ordered: list[DicomFile]) -> Iterator[str]:
    """What is odd about a stack that is read all the same."""
    uids = Counter(file.header.sop_instance_uid for file in ordered)
    if any(count > 1 for uid, count in uids.items() if uid):
        yield 'several slices have one SOP Instance UID'
    positions = _positions_of(ordered)
    if positions is None or is_one_position(np.ptp(positions)):
        return
    if doubt := doubt_distances(positions, 'slices'):
        yield doubt
    numbers = [file.instance_number for file in ordered if file.instance_number is not None]
    if numbers not in (sorted(numbers), sorted(numbers, reverse=True)):
        yield 'slices are sorted by position; their Instance Numbers have another order'


def _positions_of(slices: Sequence[DicomFile]) -> npt.NDArray[np.float64] | None:
    """Position of each slice in mm along the stack, or None where one has none."""
    rows = [file.position_patient_mm for file in slices]
    if len(rows) < 2 or len({len(row) for row in rows}) != 1 or len(rows[0]) < 3:
        return None
    values = np.asarray(rows)
    return positions_along_stack(values[:, :3], values[0, 3:] if values.shape[1] == 9 else None)


def _counted(values: Counter[str]) -> str:
    return ', '.join(f'{value} ({count})' for value, count in values.most_common(3))


def _listed(numbers: list[int], count: int) -> str:
    """The first of ``count`` numbers."""
    shown = numbers[:_NUMBERS_LISTED]
    return ', '.join(map(str, shown)) + (f' and {count - len(shown)} more' if count > len(shown) else '')
