"""Synthetic mammograms show the field of their FFDM on fewer pixels, as the combos of vendors do."""

import csv

import pydicom
import pytest

from mammo_plugins.datasets.phantom.pixel_grid import PixelGrid
from mammo_plugins.datasets.phantom.synthetic_grid import synthetic_grid
from mammo_plugins.datasets.phantom.vendor_style import VENDOR_STYLES


@pytest.mark.parametrize(
    ('rows', 'columns', 'scale', 'expected'),
    [(4096, 3328, 0.6, (2457, 1996)), (3328, 2560, 0.738, (2457, 1890)), (192, 128, 0.6, (114, 76))],
)
def test_aspect_ratio_stays(rows, columns, scale, expected):
    grid = synthetic_grid(PixelGrid(rows, columns, 0.07, 50.0), scale)
    assert abs(grid.rows - expected[0]) <= 4 and abs(grid.columns - expected[1]) <= 4
    assert grid.rows / grid.columns == pytest.approx(rows / columns, rel=0.0005)
    assert grid.rows * grid.pixel_mm == pytest.approx(rows * 0.07)


def test_ffdm_and_synthetic_of_a_view_are_of_one_exposure(release):
    with (release.folder / 'phantom-images.csv').open(newline='') as stream:
        rows = {(row['patient_id'], row['view'], row['modality']): row for row in csv.DictReader(stream)}
    for (patient, view, modality), row in rows.items():
        if modality != 'SM':
            continue
        header, exposed = (
            pydicom.dcmread(release.folder / one['path'], stop_before_pixels=True)
            for one in (row, rows[patient, view, 'FFDM'])
        )
        scale = VENDOR_STYLES[row['manufacturer'][-1]].synthetic_scale
        assert header.Rows / exposed.Rows == pytest.approx(scale, abs=0.04)
        assert header.Rows * header.PixelSpacing[0] == pytest.approx(exposed.Rows * exposed.PixelSpacing[0], rel=1e-4)
        assert header.AcquisitionTime == exposed.AcquisitionTime
