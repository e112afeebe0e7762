"""A small copy of VinDr-Mammo: the three tables, and image files that nobody can open."""

from __future__ import annotations

import csv
from pathlib import Path

from mammo_plugins.datasets.converters.vindr_mammo import FINDING_COLUMNS, IMAGE_COLUMNS

HEIGHT, WIDTH = 200, 160
METADATA_COLUMNS = ('SOP Instance UID', 'Manufacturer', 'Imager Pixel Spacing', 'Window Center', 'Window Width')


class VindrMammoRelease:
    """Collects rows; :meth:`write` writes the tables. Rows may be changed before."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.images: list[dict] = []
        self.findings: list[dict] = []
        self.metadata: list[dict] | None = []

    def add(self, study='s1', view='L-CC', birads=1, split='training', density='C', **changes) -> dict:
        """An image with its rows in the breast-level table and in metadata.csv."""
        side, position = view.split('-')
        row = {
            'study_id': study, 'series_id': f'{study}-series', 'image_id': f'{study}-{view}', 'laterality': side,
            'view_position': position, 'height': HEIGHT, 'width': WIDTH, 'breast_birads': f'BI-RADS {birads}',
            'breast_density': f'DENSITY {density}', 'split': split, **changes,
        }  # fmt: skip
        path = self.folder / 'images' / study / f'{row["image_id"]}.dicom'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b'closed')
        self.images.append(row)
        self.metadata.append(
            {
                'SOP Instance UID': row['image_id'], 'Manufacturer': 'SIEMENS',
                'Imager Pixel Spacing': '[0.085, 0.085]', 'Window Center': 1, 'Window Width': 2,
            }
        )  # fmt: skip
        return row

    def add_finding(self, image: dict, box=(10, 20, 60, 90), categories=('Mass',), birads=4, **changes) -> dict:
        """A row of the finding table; the box is xmin, ymin, xmax, ymax. Without box and BI-RADS for no finding."""
        edges = dict(zip(('xmin', 'ymin', 'xmax', 'ymax'), box or [''] * 4, strict=True))
        row = {
            **image, **edges, 'finding_categories': str(list(categories)),
            'finding_birads': f'BI-RADS {birads}' if birads else '', **changes,
        }  # fmt: skip
        self.findings.append(row)
        return row

    def write(self) -> Path:
        tables = {
            'breast-level_annotations.csv': (IMAGE_COLUMNS, self.images),
            'finding_annotations.csv': (FINDING_COLUMNS, self.findings),
        }
        if self.metadata is not None:
            tables['metadata.csv'] = (METADATA_COLUMNS, self.metadata)
        for name, (columns, rows) in tables.items():
            with (self.folder / name).open('w', newline='') as file:
                writer = csv.DictWriter(file, columns)
                writer.writeheader()
                writer.writerows(rows)
        return self.folder
