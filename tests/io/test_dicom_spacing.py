"""Pixel spacing: which tag wins, and what counts as none."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom.sequence import Sequence

from mammo_plugins.io.dicom_spacing import read_slice_thickness, read_spacing
from mammo_plugins.io.dicom_tags import DicomTags
from tests.io.dicom_builder import item


def groups(**measures) -> Sequence:
    return Sequence([item(PixelMeasuresSequence=Sequence([item(**measures)]))])


def spacing_of(**elements):
    return read_spacing(DicomTags(Path('image.dcm'), item(**elements)))


TOP_LEVEL = {'PixelSpacing': [0.07, 0.08], 'ImagerPixelSpacing': [0.1, 0.1]}


@pytest.mark.parametrize(
    ('elements', 'expected'),
    [
        (
            {
                'PerFrameFunctionalGroupsSequence': groups(PixelSpacing=[0.2, 0.3]),
                'SharedFunctionalGroupsSequence': groups(PixelSpacing=[0.4, 0.5]),
                **TOP_LEVEL,
            },
            ((0.2, 0.3), 'PixelMeasuresSequence'),
        ),
        (
            {'SharedFunctionalGroupsSequence': groups(PixelSpacing=[0.4, 0.5]), **TOP_LEVEL},
            ((0.4, 0.5), 'PixelMeasuresSequence'),
        ),
        ({'SharedFunctionalGroupsSequence': groups(SliceThickness=50), **TOP_LEVEL}, ((0.07, 0.08), 'PixelSpacing')),
        (TOP_LEVEL, ((0.07, 0.08), 'PixelSpacing')),
        ({'ImagerPixelSpacing': [0.1, 0.2]}, ((0.1, 0.2), 'ImagerPixelSpacing')),
        ({'PixelSpacing': [0, 0], 'ImagerPixelSpacing': [0.1, 0.1]}, ((0.1, 0.1), 'ImagerPixelSpacing')),
        ({'PixelSpacing': 0.1}, (None, None)),
        ({}, (None, None)),
    ],
)
def test_spacing_comes_from_the_most_specific_usable_tag(elements, expected):
    assert spacing_of(**elements) == expected


def test_spacing_at_the_detector_is_divided_by_the_magnification():
    spacing, source = spacing_of(ImagerPixelSpacing=[0.1, 0.2], EstimatedRadiographicMagnificationFactor=1.25)
    assert spacing == pytest.approx((0.08, 0.16)) and source == 'ImagerPixelSpacing'


def test_slice_thickness_is_given_as_stored():
    assert read_slice_thickness(DicomTags(Path('a'), item(SliceThickness=53))) == 53
    shared = item(SharedFunctionalGroupsSequence=groups(SliceThickness=1), SliceThickness=53)
    assert read_slice_thickness(DicomTags(Path('a'), shared)) == 1
    assert read_slice_thickness(DicomTags(Path('a'), item())) is None
