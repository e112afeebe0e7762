"""A small CMMD release on disk, written row by row."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from pydicom.sequence import Sequence

from mammo_plugins.datasets.phantom.releases.cmmd import COLUMNS, TABLE
from tests.io.dicom_builder import code, mammogram, save

HEIGHT, WIDTH = 20, 16
VIEW_CODES = {'CC': ('R-10242', 'SRT'), 'MLO': ('399368009', 'SCT')}


class CmmdRelease:
    """Writes images and collects rows; :meth:`write` writes the table, as a workbook or as CSV."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows: list[list] = []
        folder.mkdir(parents=True)

    def add_image(self, patient='D1-0001', side='L', view='CC', study='1.2.3', root='CMMD', **elements) -> Path:
        """An image whose side and view stand in the header alone."""
        codes = Sequence([code(*VIEW_CODES[view], 'a view')]) if view else None
        defaults = {'ImageLaterality': side, 'ViewPosition': None, 'ViewCodeSequence': codes, 'PatientID': patient,
                    'StudyInstanceUID': study}  # fmt: skip
        series = self.folder / root / patient / f'07-18-2010-NA-NA-{study[-1]}' / '1.000000-NA-70244'
        path = series / f'1-{1 + len(list(series.glob("*")))}.dcm'
        return save(mammogram(np.zeros((HEIGHT, WIDTH), np.uint16), **{**defaults, **elements}), path)

    def add_breast(self, patient='D1-0001', side='L', classification='Benign', abnormality='mass', number=2, age=44,
                   subtype=None, images=True) -> None:  # fmt: skip
        """Both views of a breast and its row."""
        for view in ('CC', 'MLO') if images else ():
            self.add_image(patient, side, view)
        self.rows.append([patient, side, age, number, abnormality, classification, subtype])

    def write(self, kind: str = 'csv') -> Path:
        path = (self.folder / TABLE).with_suffix(f'.{kind}')
        rows = [list(COLUMNS), *self.rows]
        if kind == 'csv':
            with path.open('w', newline='') as file:
                csv.writer(file).writerows(rows)
        else:
            import openpyxl

            book = openpyxl.Workbook()
            for row in rows:
                book.active.append(row)
            book.save(path)
        return self.folder
