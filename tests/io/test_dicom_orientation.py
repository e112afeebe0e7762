"""Directions of rows and columns by Patient Orientation and, without it, by Image Orientation (Patient) of slices."""

from __future__ import annotations

from math import cos, radians, sin

import numpy as np
import pytest
from pydicom import Dataset

from mammo_plugins.apis.found_images import find_images
from mammo_plugins.apis.stored_images import open_canonical
from mammo_plugins.io import read_header
from tests.io.dicom_builder import ct_slices, dbt_volume, mammogram, save, stored_breast

LEAN = radians(50)
UPSIDE_DOWN = [0, -1, 0, 0, 0, 1]


@pytest.mark.parametrize(
    ('cosines', 'expected'),
    [
        ([0, -1, 0, 0, 0, -1], ('A', 'F')),
        (UPSIDE_DOWN, ('A', 'H')),
        ([0, 1, 0, 1, 0, 0], ('P', 'L')),
        ([0, -1, 0, -sin(LEAN), 0, -cos(LEAN)], ('A', 'RF')),
        ([0, 1, 0, -sin(radians(10)), 0, cos(radians(10))], ('P', 'H')),
        ([0, 1, 0, -(0.5**0.5), 0, 0.5**0.5], ('P', 'HR')),
        ([0, 0, -1, 0, -1, 0], ('F', 'A')),  # on its side
        ([1, 0, 0, 0, 1, 0], None),  # the axes of the scanner
        ([1, 0, 0, 0, 0, -1], None),  # no mammogram: seen from the front
        ([cos(LEAN), -sin(LEAN), 0, sin(LEAN), cos(LEAN), 0], None),
        ([0, -2, 0, 0, 0, 2], None),
        ([0, -1, 0, 0, -1, 0], None),
        ([0, 0, 0, 0, 0, 0], None),
        ([0, -1, 0], None),
        (None, None),
    ],
)
def test_orientation_of_a_ct_object_is_given_in_letters_where_it_is_clear(tmp_path, cosines, expected):
    (dataset,) = ct_slices(stored_breast()[None], ImageOrientationPatient=cosines)
    assert read_header(save(dataset, tmp_path / 'a.dcm')).patient_orientation == expected


@pytest.mark.parametrize('is_shared', [True, False])
@pytest.mark.parametrize(
    ('cosines', 'expected'), [(UPSIDE_DOWN, ('A', 'H')), ([1, 0, 0, 0, 1, 0], None), ([0, -1], None)]
)
def test_orientation_of_the_first_frame_counts_in_tomosynthesis(tmp_path, is_shared, cosines, expected):
    dataset = dbt_volume(np.stack([stored_breast()] * 2))
    plane = Dataset()
    plane.ImageOrientationPatient = cosines
    groups = Dataset()
    groups.PlaneOrientationSequence = [plane]
    if is_shared:
        dataset.SharedFunctionalGroupsSequence = [groups]
    else:
        dataset.PerFrameFunctionalGroupsSequence = [groups] * 2
    assert read_header(save(dataset, tmp_path / 'a.dcm')).patient_orientation == expected
    dataset.PatientOrientation = ['P', 'F']
    assert read_header(save(dataset, tmp_path / 'b.dcm')).patient_orientation == ('P', 'F')


@pytest.mark.parametrize('written', [['A', 'F'], ['P', 'HL']])
def test_patient_orientation_comes_first(tmp_path, written):
    (dataset,) = ct_slices(stored_breast()[None], ImageOrientationPatient=UPSIDE_DOWN, PatientOrientation=written)
    assert read_header(save(dataset, tmp_path / 'a.dcm')).patient_orientation == tuple(written)


@pytest.mark.parametrize('build', [mammogram, lambda pixels, **elements: dbt_volume(pixels[None], **elements)])
def test_other_objects_have_no_use_for_it(tmp_path, build):
    dataset = build(stored_breast(), ImageOrientationPatient=UPSIDE_DOWN)
    assert read_header(save(dataset, tmp_path / 'a.dcm')).patient_orientation is None


def test_series_that_runs_towards_the_head_is_turned(tmp_path):
    upright = np.stack([stored_breast(top=2000 + index) for index in range(3)])
    tags = dict(ImageLaterality='L', ImageOrientationPatient=UPSIDE_DOWN)
    for number, dataset in enumerate(ct_slices(np.ascontiguousarray(upright[:, ::-1]), **tags)):
        dataset.ImagePositionPatient = [float(number), 0, 0]
        save(dataset, tmp_path / f'{number}.dcm')
    found = find_images(tmp_path)
    (image,) = found.annotations.images
    _, flips = open_canonical(found.annotations, image)
    assert (flips.horizontal, flips.vertical, found.doubts) == (False, True, {})
