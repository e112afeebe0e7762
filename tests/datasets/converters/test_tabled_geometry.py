"""Sizes and spacings out of tables."""

from __future__ import annotations

import pytest

from mammo_plugins.datasets.converters.tabled_geometry import read_row_spacing_mm, read_size, read_spacing_mm
from mammo_plugins.io.csv_table import RowError, TableRow


@pytest.mark.parametrize(
    ('text', 'spacing'),
    [
        ('[0.07, 0.08]', (0.07, 0.08)),
        ("['0.07', '0.08']", (0.07, 0.08)),
        ('0.07\\0.08', (0.07, 0.08)),
        ('(7e-2, .08)', (0.07, 0.08)),
        ('0.07', None),
        ('[0, 0.08]', None),
        ('[-1, 0.08]', None),
        ('[1e999, 1]', None),
        ('[1, 2, 3]', None),
        ('nan', None),
        ('', None),
        (None, None),
    ],
)
def test_anything_but_two_positive_numbers_counts_as_absent(text, spacing):
    assert read_spacing_mm(text) == spacing


@pytest.mark.parametrize(
    ('breast', 'detector', 'magnification', 'spacing'),
    [
        ('[0.1, 0.1]', '[0.2, 0.2]', '2', (0.1, 0.1)),
        ('', '[0.2, 0.2]', '2', (0.1, 0.1)),
        ('', '[0.2, 0.2]', '', (0.2, 0.2)),
        ('', '[0.2, 0.2]', 'x', (0.2, 0.2)),
        ('', '[0.2, 0.2]', '0', None),
        ('', '', '2', None),
    ],
)
def test_spacing_at_the_detector_is_divided_by_the_magnification(breast, detector, magnification, spacing):
    row = TableRow('', {'breast': breast, 'detector': detector, 'factor': magnification})
    assert read_row_spacing_mm(row, 'breast', 'detector', 'factor') == spacing


def test_columns_may_be_absent():
    assert read_row_spacing_mm(TableRow('', {}), 'breast', 'detector', 'factor') is None


def test_size_is_width_and_height():
    assert read_size(TableRow('', {'w': '2560.0', 'h': '3328'}), 'w', 'h') == (2560, 3328)


@pytest.mark.parametrize('width', ['0', '-2', '99999999', '2.5', 'nan', ''])
def test_absurd_sizes_are_refused(width):
    with pytest.raises(RowError):
        read_size(TableRow('', {'w': width, 'h': '3328'}), 'w', 'h')
