"""Pixel spacing: which tag wins, and what counts as none."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom.sequence import Sequence

from mammo_plugins.io.dicom_spacing import read_slice_spacing, read_slice_thickness, read_spacing
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


def slice_spacing(**elements):
    return read_slice_spacing(DicomTags(Path('a'), item(**elements)))


def frames(*z_mm):
    planes = [item(PlanePositionSequence=Sequence([item(ImagePositionPatient=[0, 0, z])])) for z in z_mm]
    return {'PerFrameFunctionalGroupsSequence': Sequence(planes)}


@pytest.mark.parametrize(
    ('elements', 'expected'),
    [
        ({'SharedFunctionalGroupsSequence': groups(SpacingBetweenSlices=1.5), **frames(0, 1, 2)}, 1.5),
        ({'SpacingBetweenSlices': 2, 'SliceThickness': 50}, 2),
        (frames(10, 11, 12, 13), 1),
        (frames(13, 10), 3),
        (frames(0, 0, 0), None),  # BCS-DBT
        (frames(0), None),
        ({'SliceThickness': 50}, None),
        ({'SpacingBetweenSlices': 0}, None),
        ({'SpacingBetweenSlices': -1, **frames(0, 1)}, 1),
        ({'PerFrameFunctionalGroupsSequence': Sequence([item(), item()])}, None),
        ({}, None),
    ],
)
def test_distance_of_slices(elements, expected):
    assert slice_spacing(**elements) == expected
