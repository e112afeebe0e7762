"""Which parts of an image a model looked at closely, on disk: ``patches.csv`` in the folder of its saliency maps.

``PatientID,StudyUID,View,Patch,X,Width,Y,Height,Weight[,Modality]``; a row a patch, counted from 1 in the order in
which the model chose them. X and Y are the upper left corner in stored pixels of the source file, as in tables of
findings; a patch may reach beyond the image. Weight is its part in the prediction, empty where patches have none.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .predictions import ImageKey, PredictionsError

PATCHES = 'patches.csv'
COLUMNS = ('PatientID', 'StudyUID', 'View', 'Patch', 'X', 'Width', 'Y', 'Height', 'Weight')


@dataclass(frozen=True)
class ImagePatch:
    """A part of an image.

    Args:
        key: the image.
        number: from 1, in the order in which patches were chosen.
        box_xyxy: corners in stored pixels.
        weight: its part in the prediction; None where patches have none.
    """

    key: ImageKey
    number: int
    box_xyxy: tuple[float, float, float, float]
    weight: float | None = None

    def row(self) -> list[str]:
        """The cells of its line."""
        left, top, right, bottom = self.box_xyxy
        numbers = [repr(value) for value in (left, right - left, top, bottom - top)]
        return [*self.key[:3], str(self.number), *numbers, '' if self.weight is None else repr(self.weight)]


def write_patches(folder: str | Path, patches: Iterable[ImagePatch]) -> Path:
    """Writes the table of a folder of maps; it appears only when it is complete."""
    from mammo_plugins.io.whole_file import whole_file

    patches, path = list(patches), Path(folder) / PATCHES
    with whole_file(path) as unfinished, unfinished.open('w', newline='', encoding='utf-8') as file:
        writer = csv.writer(file, lineterminator='\n')
        with_modality = any(patch.key.modality for patch in patches)
        writer.writerow([*COLUMNS, *['Modality'] * with_modality])
        writer.writerows([*patch.row(), *[patch.key.modality] * with_modality] for patch in patches)
    return path


def read_patches(folder: str | Path) -> list[ImagePatch]:
    """The patches of a folder of maps; none where its model has none.

    Raises:
        PredictionsError: the table lacks a column, or a row is unusable.
    """
    path = Path(folder) / PATCHES
    if not path.is_file():
        return []
    with open(path, newline='', encoding='utf-8-sig') as file:
        reader = csv.DictReader(file)
        if missing := [name for name in COLUMNS if name not in (reader.fieldnames or ())]:
            raise PredictionsError(f'{path} lacks the columns {", ".join(missing)}')
        patches = []
        for cells in reader:
            try:
                patches.append(_parse(cells))
            except (TypeError, ValueError) as error:
                raise PredictionsError(f'{path}, line {reader.line_num}: {error}') from error
    return patches


def _parse(cells: dict[str, str]) -> ImagePatch:
    patient, study, view, modality = (
        (cells.get(name) or '').strip() for name in ('PatientID', 'StudyUID', 'View', 'Modality')
    )
    left, width, top, height = numbers = [float(cells[name]) for name in ('X', 'Width', 'Y', 'Height')]
    weight = float(cells['Weight']) if cells['Weight'].strip() else None
    if not np.isfinite(numbers).all() or min(width, height) <= 0 or not 0 <= (weight or 0.0) <= 1:
        raise ValueError(f'a patch needs a place, an area and a weight from 0 to 1 or none, got {cells}')
    key = ImageKey(patient, study, view.lower(), modality.upper())
    return ImagePatch(key, int(cells['Patch']), (left, top, left + width, top + height), weight)
