"""A small copy of the RSNA 2022 release: DICOM files and both tables."""

from __future__ import annotations

import csv
from pathlib import Path

from mammo_plugins.datasets.converters.rsna_2022 import TEST_COLUMNS, TRAIN_COLUMNS
from tests.io.dicom_builder import gradient, mammogram, save

HEIGHT, WIDTH = 48, 40


class Rsna2022Release:
    """Writes images and collects rows; :meth:`write` writes the tables. Rows may be changed before."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.train: list[dict] = []
        self.test: list[dict] = []

    def add(self, patient=7, view='L-CC', cancer=0, table='train', dataset=None, **changes) -> dict:
        """An image with its row."""
        side, position = view.split('-')
        row = {
            'site_id': 1, 'patient_id': patient, 'image_id': 1000 * patient + len(self.train) + len(self.test),
            'laterality': side, 'view': position, 'age': 61.0, 'implant': 0, 'machine_id': 49,
        }  # fmt: skip
        if table == 'train':
            row.update(cancer=cancer, biopsy=cancer, invasive=0, BIRADS='', density='', difficult_negative_case='False')
        else:
            row['prediction_id'] = f'{patient}_{side}'
        row.update(changes)
        if dataset is None:
            dataset = mammogram(gradient((HEIGHT, WIDTH)), ImageLaterality=side, Manufacturer=None)
        save(dataset, self.folder / f'{table}_images' / str(patient) / f'{row["image_id"]}.dcm')
        getattr(self, table).append(row)
        return row

    def write(self) -> Path:
        tables = {'train.csv': (TRAIN_COLUMNS, self.train)}
        if self.test:
            tables['test.csv'] = ((*TEST_COLUMNS, 'prediction_id'), self.test)
        for name, (columns, rows) in tables.items():
            with (self.folder / name).open('w', newline='') as file:
                writer = csv.DictWriter(file, columns)
                writer.writeheader()
                writer.writerows(rows)
        return self.folder
