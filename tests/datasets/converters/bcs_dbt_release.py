"""A small BCS-DBT release on disk: volumes of a few slices and the three tables of each split."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from tests.io.dicom_builder import dbt_volume, save

HEIGHT, WIDTH, SLICES = 20, 16, 3

KEY = ['PatientID', 'StudyUID', 'View']
COLUMNS = {
    'file-paths': [*KEY, 'descriptive_path', 'classic_path'],
    'labels': [*KEY, 'Normal', 'Actionable', 'Benign', 'Cancer'],
    'boxes': [*KEY, 'Subject', 'Slice', 'X', 'Y', 'Width', 'Height', 'Class', 'AD', 'VolumeSlices'],
}
LABELS = {'normal': (1, 0, 0, 0), 'actionable': (0, 1, 0, 0), 'benign': (0, 0, 1, 0), 'cancer': (0, 0, 0, 1)}


class BcsDbtRelease:
    """Writes volumes and collects table rows; :meth:`write` writes the tables."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows = {}
        self.columns = {kind: list(names) for kind, names in COLUMNS.items()}

    def add(self, patient=1, view='lcc', label='normal', split='train', rotated=False, pixels=None, **elements) -> Path:
        """A volume with its rows in file-paths and labels."""
        key = self.key(patient, view)
        name = f'{key[0]}/1.2.{patient}/1.2.{patient}.{len(self.rows.setdefault(("file-paths", split), []))}/1-1.dcm'
        if pixels is None:
            pixels = breast(view, rotated)
        path = save(dbt_volume(pixels, BitsStored=10, **elements), self.folder / name)
        self.add_row('file-paths', split, [*key, f'Breast-Cancer/{key[0]}/a study/{view}/1-1.dcm', name])
        if label is not None:
            self.add_row('labels', split, [*key, *LABELS[label]])
        return path

    def add_box(self, patient=1, view='lcc', box=(2, 4, 5, 6), slice_index=1, category='cancer', ad=0, split='train',
                volume_slices=SLICES) -> None:  # fmt: skip
        """A row of the boxes table; x, y, width and height in the release's frame."""
        row = [*self.key(patient, view), patient, slice_index, *box, category, ad, volume_slices]
        self.add_row('boxes', split, row)

    def add_row(self, kind: str, split: str, row: list) -> None:
        self.rows.setdefault((kind, split), []).append(row)

    @staticmethod
    def key(patient: int, view: str) -> list[str]:
        return [f'DBT-P{patient:05}', f'DBT-S{patient:05}', view]

    def write(self, suffix: str = '') -> Path:
        """Writes the tables that have rows, labels and boxes of each split with images too."""
        self.folder.mkdir(exist_ok=True)
        splits = {split for _, split in self.rows}
        for split in splits:
            for kind, columns in self.columns.items():
                path = self.folder / f'BCS-DBT-{kind}-{split}{suffix}.csv'
                with path.open('w', newline='') as file:
                    writer = csv.writer(file)
                    writer.writerow(columns)
                    writer.writerows(self.rows.get((kind, split), []))
        return self.folder


def breast(view: str, rotated: bool = False) -> np.ndarray:
    """(S, H, W) with the chest wall where the view's side says, or turned by 180 degrees."""
    pixels = np.zeros((SLICES, HEIGHT, WIDTH), np.uint16)
    pixels[:, 3:-6, : WIDTH // 2] = 400
    if view[0] == 'r':
        pixels = pixels[:, :, ::-1]
    return np.ascontiguousarray(pixels[:, ::-1, ::-1] if rotated else pixels)
