"""A small INbreast release on disk, written row by row."""

from __future__ import annotations

import plistlib
from pathlib import Path

import numpy as np

from tests.io.dicom_builder import mammogram, save

HEIGHT, WIDTH = 40, 30
HEADER = ['Patient ID', 'Patient age', 'Laterality', 'View', 'Acquisition date', 'File Name', 'ACR', 'Bi-Rads']
SQUARE = [(4, 6), (14, 6), (14, 20), (4, 20)]


class InbreastRelease:
    """Writes images and outlines and collects rows; :meth:`write` writes the table."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows: list[list] = []
        for name in ('AllDICOMs', 'AllXML'):
            (folder / name).mkdir(parents=True)

    def add(self, number=20586908, side='R', view='CC', birads='2', acr='3', patient='6c613a14b80a8591', date='201001',
            view_in_name=None, rois=None, **elements) -> Path:  # fmt: skip
        """An image with its row; outlines too where given, as (name, points)."""
        in_name = view_in_name or {'MLO': 'ML'}.get(view, view)
        path = self.folder / 'AllDICOMs' / f'{number}_{patient}_MG_{side}_{in_name}_ANON.dcm'
        no_view = {'ImageLaterality': None, 'ViewPosition': None}
        save(mammogram(np.zeros((HEIGHT, WIDTH), np.uint16), **{**no_view, **elements}), path)
        self.rows.append(['removed', 'removed', side, view, date, number, acr, birads])
        if rois is not None:
            self.outline(number, rois)
        return path

    def outline(self, number: int, rois: list) -> Path:
        """The XML file of an image."""
        entries = [
            {'Name': name, 'NumberOfPoints': len(points), 'Point_px': [f'({x}, {y})' for x, y in points]}
            for name, points in rois
        ]
        path = self.folder / 'AllXML' / f'{number}.xml'
        path.write_bytes(plistlib.dumps({'Images': [{'ROIs': entries}]}))
        return path

    def write(self) -> Path:
        lines = [';'.join(map(str, row)) for row in [HEADER, *self.rows]]
        (self.folder / 'INbreast.csv').write_text('\n'.join(lines) + '\n')
        return self.folder
