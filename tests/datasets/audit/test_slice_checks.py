from __future__ import annotations

import pytest

from mammo_plugins.datasets.audit.slice_checks import check_slices
from mammo_plugins.io import FindingRecord


@pytest.mark.parametrize(
    ('index', 'visible', 'expected'),
    [
        (0, None, []),
        (9, (8, 9), []),
        (None, (2, 4), []),
        (10, None, [('error', 'slice 10 lies outside the volume, which has slices 0 to 9')]),
        (-1, None, [('error', 'slice -1 lies outside the volume, which has slices 0 to 9')]),
        (5, (4, 12), [('error', 'visible slices 4 to 12 are no range of slices 0 to 9')]),
        (5, (7, 4), [('error', 'visible slices 7 to 4 are no range of slices 0 to 9')]),
        (5, (6, 8), [('error', 'slice 5 lies outside its visible slices 6 to 8')]),
        (None, None, [('note', 'neither slice nor visible range')]),
    ],
)
def test_slices_and_ranges_are_checked_against_the_volume(make_image, index, visible, expected):
    finding = FindingRecord(1, 'benign', (1.0, 1.0, 5.0, 5.0), index, visible)
    findings = check_slices([make_image(1, boxes=[finding], modality='DBT', num_slices=10)])
    assert [(found.severity, found.reason) for found in findings] == expected


def test_mammogram_without_a_slice_is_fine(make_image):
    assert check_slices([make_image(1, boxes=[FindingRecord(1, 'benign', (1.0, 1.0, 5.0, 5.0), None)])]) == []
