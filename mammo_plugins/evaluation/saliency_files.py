"""Saliency maps on disk: a 16-bit PNG a map, and ``index.csv`` that says what each is.

``PatientID,StudyUID,View,Class,File,MapWidth,MapHeight,CoveredWidth,CoveredHeight,H00,...,H22``. The homography takes
(x, y, 1) in stored pixels of the source file to the frame of the network, in which coordinates count from the outer
edge of the first pixel; the map covers 0..CoveredWidth and 0..CoveredHeight of that frame, so its pixel (i, j) has its
centre at ((j + 0.5) * CoveredWidth / MapWidth, (i + 0.5) * CoveredHeight / MapHeight). Grey value 65,535 is a saliency
of 1; storing rounds by half a level, 7.7e-6, at most.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from .predictions import ImageKey, PredictionsError

INDEX = 'index.csv'
LEVELS = 65536
_H = tuple(f'H{row}{column}' for row in range(3) for column in range(3))
COLUMNS = ('PatientID', 'StudyUID', 'View', 'Class', 'File', 'MapWidth', 'MapHeight', 'CoveredWidth', 'CoveredHeight')
_ALL_COLUMNS = (*COLUMNS, *_H)


@dataclass(frozen=True)
class SaliencyMap:
    """Where a map is, and what it covers.

    Args:
        key: the image.
        category: the class that it speaks of.
        file: the PNG, relative to the folder.
        shape: (height, width) of the map.
        covered: (height, width) that it covers in the frame of the network.
        homography: (3, 3) stored pixels to that frame.
    """

    key: ImageKey
    category: str
    file: str
    shape: tuple[int, int]
    covered: tuple[float, float]
    homography: np.ndarray

    def row(self) -> list[str]:
        """The cells of its line in the index."""
        size = [self.shape[1], self.shape[0]]
        numbers = [self.covered[1], self.covered[0], *self.homography.ravel()]
        return [*self.key[:3], self.category, self.file, *map(str, size), *(repr(float(value)) for value in numbers)]

    def stored_points(self) -> tuple[np.ndarray, np.ndarray]:
        """(h, w) x and y in stored pixels of the centre of each pixel of the map."""
        y, x = (
            (np.arange(count) + 0.5) * extent / count for count, extent in zip(self.shape, self.covered, strict=True)
        )
        grid = np.stack([*np.meshgrid(x, y), np.ones(self.shape)])
        moved = np.tensordot(np.linalg.inv(self.homography), grid, 1)
        return moved[0] / moved[2], moved[1] / moved[2]


def write_map(folder: str | Path, entry: SaliencyMap, saliency: np.ndarray) -> None:
    """Writes the PNG of a map.

    Raises:
        PredictionsError: the values leave [0, 1] or are NaN, or the shape is not that of the entry.
    """
    saliency = np.asarray(saliency)
    if saliency.shape != entry.shape:
        raise PredictionsError(f'saliency of {entry.key} has the shape {saliency.shape}, not {entry.shape}')
    if not (saliency.size and saliency.min() >= 0 and saliency.max() <= 1):
        raise PredictionsError(f'saliency {entry.category!r} of image {entry.key} must lie in [0, 1] and not be NaN')
    from mammo_plugins.io.whole_file import whole_file

    levels = np.rint(saliency.astype(np.float64) * (LEVELS - 1)).astype(np.uint16)
    with whole_file(Path(folder) / entry.file) as unfinished:
        Image.fromarray(levels).save(unfinished)


def write_index(folder: str | Path, entries: list[SaliencyMap]) -> None:
    """Writes the index of a folder of maps; it appears only when it is complete."""
    from mammo_plugins.io.whole_file import whole_file

    with whole_file(Path(folder) / INDEX) as unfinished, unfinished.open('w', newline='', encoding='utf-8') as file:
        writer = csv.writer(file, lineterminator='\n')
        with_modality = any(entry.key.modality for entry in entries)
        writer.writerow([*_ALL_COLUMNS, *['Modality'] * with_modality])
        writer.writerows([*entry.row(), *[entry.key.modality] * with_modality] for entry in entries)


def read_index(folder: str | Path) -> list[SaliencyMap]:
    """The maps of a folder.

    Raises:
        PredictionsError: there is no index, it is no such table, or a map is listed twice.
    """
    path = Path(folder) / INDEX
    if not path.is_file():
        raise PredictionsError(f'{folder} has no {INDEX}: give a folder of saliency maps as "mammo test" writes it')
    entries, seen = [], set()
    with open(path, newline='', encoding='utf-8-sig') as file:
        reader = csv.DictReader(file)
        missing = [name for name in _ALL_COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise PredictionsError(f'{path} lacks the columns {", ".join(missing)}')
        for cells in reader:
            try:
                entry = _parse(cells)
            except (TypeError, ValueError, np.linalg.LinAlgError) as error:
                raise PredictionsError(f'{path}, line {reader.line_num}: {error}') from error
            if (entry.key, entry.category) in seen:
                raise PredictionsError(
                    f'{path}, line {reader.line_num}: a second map {entry.category!r} of image {entry.key}'
                )
            seen.add((entry.key, entry.category))
            entries.append(entry)
    return entries


def _parse(cells: dict[str, str]) -> SaliencyMap:
    homography = np.asarray([float(cells[name]) for name in _H]).reshape(3, 3)
    np.linalg.inv(homography)
    shape = int(cells['MapHeight']), int(cells['MapWidth'])
    covered = float(cells['CoveredHeight']), float(cells['CoveredWidth'])
    if min(*shape, *covered) <= 0:
        raise ValueError(f'sizes must be positive, got a map of {shape} that covers {covered}')
    patient, study, view, modality = (
        (cells.get(name) or '').strip() for name in ('PatientID', 'StudyUID', 'View', 'Modality')
    )
    key = ImageKey(patient, study, view.lower(), modality.upper())
    if Path(cells['File']).is_absolute() or '..' in Path(cells['File']).parts:
        raise ValueError(f'the file {cells["File"]!r} must lie in the folder of the index')
    return SaliencyMap(key, cells['Class'].strip(), cells['File'], shape, covered, homography)


def read_map(folder: str | Path, entry: SaliencyMap) -> np.ndarray:
    """(h, w) float64 saliency in [0, 1].

    Raises:
        PredictionsError: the PNG is missing, of another size, or not of 16 bits.
    """
    path = Path(folder) / entry.file
    try:
        with Image.open(path) as picture:
            mode, levels = picture.mode, np.asarray(picture)
    except OSError as error:
        raise PredictionsError(f'{path} is no readable PNG: {error}') from error
    if not mode.startswith('I') or levels.shape != entry.shape:
        raise PredictionsError(f'{path} is {levels.shape} of mode {mode}, not 16 bits of {entry.shape} as indexed')
    return levels.astype(np.float64) / (LEVELS - 1)


def read_maps(folder: str | Path) -> Iterator[tuple[SaliencyMap, np.ndarray]]:
    """Every map with its entry, one at a time."""
    for entry in read_index(folder):
        yield entry, read_map(folder, entry)
