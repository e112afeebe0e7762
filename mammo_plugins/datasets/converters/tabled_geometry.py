"""Size and pixel spacing of images whose DICOM tags a release repeats in a table, so that no file need be opened."""

from __future__ import annotations

import math
import re

from mammo_plugins.io.csv_table import RowError, TableRow
from mammo_plugins.io.dicom_header import MAX_PIXELS_A_FRAME

_NUMBER = re.compile(r'[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?')


def read_size(row: TableRow, width: str, height: str) -> tuple[int, int]:
    """(width, height) in pixels from the columns of these names.

    Raises:
        RowError: no whole numbers, or no size of a mammogram.
    """
    columns, rows = row.integer(width), row.integer(height)
    if min(columns, rows) < 1 or columns * rows > MAX_PIXELS_A_FRAME:
        raise RowError(f'{width} {columns} and {height} {rows} are no size of an image')
    return columns, rows


def read_spacing_mm(text: str | None) -> tuple[float, float] | None:
    r"""(row, column) spacing from a text such as ``[0.07, 0.07]``, ``['0.07', '0.07']`` or ``0.07\0.07``.

    Anything but two positive numbers counts as absent, as it does in a header.
    """
    numbers = [float(number) for number in _NUMBER.findall(text or '')]
    if len(numbers) != 2 or min(numbers) <= 0 or not all(map(math.isfinite, numbers)):
        return None
    return numbers[0], numbers[1]


def read_row_spacing_mm(
    row: TableRow, at_breast: str, at_detector: str, magnification: str
) -> tuple[float, float] | None:
    """(row, column) spacing in the breast from the columns of these names, or None where the row has none.

    The order is that of headers: Pixel Spacing, then Imager Pixel Spacing divided by the magnification, since it is
    measured at the detector.

    Source: DICOM PS3.3 10.7.1.3 and C.8.7.5.1 (Estimated Radiographic Magnification Factor).
    """
    if spacing := read_spacing_mm(row.values.get(at_breast)):
        return spacing
    if spacing := read_spacing_mm(row.values.get(at_detector)):
        try:
            factor = row.number(magnification) if row.values.get(magnification) else 1.0
        except RowError:
            factor = 1.0
        if factor > 0:
            return spacing[0] / factor, spacing[1] / factor
    return None
