"""A small copy of EMBED Open Data: both tables and DICOM files."""

from __future__ import annotations

import csv
from pathlib import Path

from tests.io.dicom_builder import gradient, mammogram, save

HEIGHT, WIDTH = 48, 40
ARCHIVE = '/archive/anon_dicom'
METADATA_COLUMNS = [
    'Unnamed: 0', 'empi_anon', 'acc_anon', 'anon_dicom_path', 'study_date_anon', 'FinalImageType',
    'ImageLateralityFinal', 'ViewPosition', 'spot_mag', 'num_roi', 'ROI_coords', 'match_level', 'Rows', 'Columns',
    'DCM_ROI_coords', 'PNG_ROI_coords', 'ROI_match_level',
    'PixelSpacing', 'ImagerPixelSpacing', 'EstimatedRadiographicMagnificationFactor', 'Manufacturer',
    'AcquisitionTime', 'SeriesTime',
]  # fmt: skip
CLINICAL_COLUMNS = [
    'empi_anon', 'acc_anon', 'desc', 'numfind', 'side', 'asses', 'path_severity', 'bside', 'tissueden', 'massshape',
    'massmargin', 'massdens', 'calcfind', 'calcdistri',
]  # fmt: skip


class EmbedRelease:
    """Writes images and collects rows; :meth:`write` writes the tables. Rows may be changed before."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.metadata: list[dict] = []
        self.clinical: list[dict] = []

    def add(self, patient=1, exam=11, view='L-CC', kind='2D', regions=(), dataset=None, **changes) -> dict:
        """An image with its row; regions are (ymin, xmin, ymax, xmax). Its file can be read only where it has to be."""
        side, position = view.split('-')
        name = f'cohort_1/{patient}/1.2.{exam}/1.2.{exam}.1/1.2.{exam}.1.{len(self.metadata)}.dcm'
        row = {
            'empi_anon': patient, 'acc_anon': exam, 'anon_dicom_path': f'{ARCHIVE}/{name}', 'FinalImageType': kind,
            'ImageLateralityFinal': side, 'ViewPosition': position, 'num_roi': len(regions),
            'ROI_coords': str(tuple(regions)), 'match_level': str([1] * len(regions)), 'Rows': HEIGHT,
            'Columns': WIDTH, 'PixelSpacing': '', 'ImagerPixelSpacing': '[0.07, 0.07]', 'spot_mag': '',
            'Manufacturer': 'HOLOGIC, Inc.', **changes,
        }  # fmt: skip
        path = self.folder / 'images' / name
        if dataset is None and (regions or changes.get('ROI_coords')):
            dataset = breast_at('left')
        if dataset is None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b'closed')
        else:
            save(dataset, path)
        self.metadata.append(row)
        return row

    def add_finding(self, exam=11, side='L', asses='N', path_severity='', **changes) -> dict:
        """A row of the clinical table."""
        row = {
            'empi_anon': exam // 10, 'acc_anon': exam, 'desc': 'MG Screening Bilateral', 'numfind': 1, 'side': side,
            'asses': asses, 'path_severity': path_severity, 'bside': '', 'tissueden': '2.0', **changes,
        }  # fmt: skip
        self.clinical.append(row)
        return row

    def write(self, suffix: str = '', folder: str = 'tables') -> Path:
        (self.folder / folder).mkdir(parents=True, exist_ok=True)
        for kind, columns, rows in (
            ('metadata', METADATA_COLUMNS, self.metadata), ('clinical', CLINICAL_COLUMNS, self.clinical),
        ):  # fmt: skip
            with (self.folder / folder / f'EMBED_OpenData_{kind}{suffix}.csv').open('w', newline='') as file:
                writer = csv.DictWriter(file, columns)
                writer.writeheader()
                writer.writerows(rows)
        return self.folder


def header_only(**elements):
    """A mammogram of the release's size."""
    return mammogram(gradient((HEIGHT, WIDTH)), **elements)


def breast_at(chest_wall: str, **elements):
    """A mammogram of the release's size, its chest wall ``left`` or ``right``."""
    pixels = gradient((WIDTH, HEIGHT)).T
    falling = pixels[:, ::-1]
    return mammogram(falling if chest_wall == 'left' else pixels, **elements)
