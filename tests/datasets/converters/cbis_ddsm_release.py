"""A small CBIS-DDSM release on disk: films, masks and cropped images in folders of cases, and the four tables."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from mammo_plugins.datasets.converters.cbis_ddsm import convert_cbis_ddsm
from mammo_plugins.io import AnnotationSet, validate_annotations
from mammo_plugins.io.dicom_modality import SECONDARY_CAPTURE
from tests.io.dicom_builder import gradient, mammogram, save

HEIGHT, WIDTH = 40, 30

COLUMNS = (
    'patient_id', 'breast_density', 'left or right breast', 'image view', 'abnormality id', 'abnormality type',
    'mass shape', 'mass margins', 'assessment', 'pathology', 'subtlety', 'image file path', 'cropped image file path',
    'ROI mask file path',
)  # fmt: skip
CALC_COLUMNS = {'breast_density': 'breast density', 'mass shape': 'calc type', 'mass margins': 'calc distribution'}
SPLIT_FOLDERS = {'train': 'Training', 'test': 'Test'}


class CbisDdsmRelease:
    """Writes files and collects rows; :meth:`write` writes the tables.

    Columns are named as in the tables of masses; those of calcifications get their own names when written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows: dict[tuple[str, str], list[dict]] = {}
        self._uids = 0

    def add(self, patient=1, side='LEFT', view='CC', number=1, kind='mass', split='train', box=(4, 6, 5, 7),
            size=(HEIGHT, WIDTH), mask=None, **changes) -> dict:  # fmt: skip
        """A row with its film (unless another row has written it), mask and cropped image.

        Args:
            box: x, y, width and height of the marked pixels.
            size: rows and columns of the film.
            mask: (H, W) other than a filled box, of any size.
            changes: of columns.
        """
        patient_id = f'P_{patient:05}'
        film = f'{kind.capitalize()}-{SPLIT_FOLDERS[split]}_{patient_id}_{side}_{view}'
        row = {
            'patient_id': patient_id, 'breast_density': '3', 'left or right breast': side, 'image view': view,
            'abnormality id': number, 'abnormality type': 'mass' if kind == 'mass' else 'calcification',
            'mass shape': 'OVAL' if kind == 'mass' else 'PLEOMORPHIC',
            'mass margins': 'SPICULATED' if kind == 'mass' else 'CLUSTERED', 'assessment': '4',
            'pathology': 'MALIGNANT', 'subtlety': '3', **changes,
        }  # fmt: skip
        rows = self.rows.setdefault((kind, split), [])
        written = [other for other in rows if other['image file path'].startswith(f'{film}/')]
        row['image file path'] = written[0]['image file path'] if written else self.add_film(film, size)
        marked = box_mask(size, box) if mask is None else mask
        mask_path, crop_path = self.add_roi(f'{film}_{number}', marked, swapped=kind == 'calc')
        row['cropped image file path'], row['ROI mask file path'] = crop_path, mask_path
        rows.append(row)
        return row

    def add_film(self, name: str, size: tuple[int, int]) -> str:
        """A film's file; gives the path that the table names."""
        series = f'{name}/{self._uid()}/{self._uid()}'
        save(film(gradient(size, 16), name, 'full mammogram images'), self.folder / series / '1-1.dcm')
        return f'{series}/000000.dcm'

    def add_roi(self, name: str, marked: np.ndarray, swapped: bool) -> tuple[str, str]:
        """Mask and cropped image in one series; gives their paths in the table, the cropped image's with a newline."""
        series = f'{name}/{self._uid()}/{self._uid()}'
        description = 'cropped images' if swapped else 'ROI mask images'  # one for both files
        save(film(marked.astype(np.uint8) * 255, name, description), self.folder / series / '1-2.dcm')
        save(film(gradient((6, 5), 16), name, description), self.folder / series / '1-1.dcm')
        mask, crop = ('000000', '000001') if swapped else ('000001', '000000')
        return f'{series}/{mask}.dcm\n', f'{series}/{crop}.dcm'

    def path_of(self, row: dict, column: str = 'image file path') -> Path:
        """A folder on disk that a row names."""
        return (self.folder / row[column].strip()).parent

    def write(self) -> Path:
        """Writes the tables that have rows."""
        self.folder.mkdir(exist_ok=True)
        for (kind, split), rows in self.rows.items():
            columns = [CALC_COLUMNS.get(name, name) if kind == 'calc' else name for name in COLUMNS]
            with (self.folder / f'{kind}_case_description_{split}_set.csv').open('w', newline='') as file:
                writer = csv.writer(file)
                writer.writerow(columns)
                writer.writerows([row[name] for name in COLUMNS] for row in rows)
        return self.folder

    def _uid(self) -> str:
        self._uids += 1
        return f'1.3.6.1.4.1.9590.100.1.2.{self._uids}'


def film(pixels: np.ndarray, name: str, description: str):
    """A Secondary Capture as the release stores films, masks and cropped images, without a usable side or view."""
    bits = 8 * pixels.itemsize
    return mammogram(
        pixels, SOPClassUID=SECONDARY_CAPTURE, PatientID=name, SeriesDescription=description, BitsStored=bits,
        HighBit=bits - 1, ImageLaterality=None, ViewPosition=None, PatientOrientation='CC', Manufacturer=None,
        PresentationIntentType=None,
    )  # fmt: skip


def box_mask(size: tuple[int, int], box: tuple[int, int, int, int]) -> np.ndarray:
    """(H, W) bool with a filled box."""
    x, y, width, height = box
    mask = np.zeros(size, bool)
    mask[y : y + height, x : x + width] = True
    return mask


def convert(release: CbisDdsmRelease, **options) -> AnnotationSet:
    """Writes and converts a release, without a validation split unless one is asked for."""
    options = {'validation_share': 0, **options}
    annotations = convert_cbis_ddsm(release.write(), show_progress=False, **options)
    validate_annotations(annotations)
    return annotations
