"""The order of the frames in a multi-frame object."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom.sequence import Sequence

from mammo_plugins.io.image_source import open_image
from tests.io.dicom_builder import dbt_volume, item, save


def volume_at(*z_mm: float):
    planes = [item(PlanePositionSequence=Sequence([item(ImagePositionPatient=[0, 0, z])])) for z in z_mm]
    return dbt_volume(np.zeros((len(z_mm), 40, 40), np.uint16), PerFrameFunctionalGroupsSequence=Sequence(planes))


@pytest.mark.parametrize('z_mm', [(0, 1, 2, 3), (9, 6, 3, 0), (5, 5, 5, 5)])  # the last is BCS-DBT
def test_frames_in_order_are_read(tmp_path, z_mm):
    assert open_image(save(volume_at(*z_mm), tmp_path / 'a.dcm')).header.pixel_problem is None


@pytest.mark.parametrize(
    ('z_mm', 'doubts'),
    [
        ((0, 1, 2, 5), ('frames lie unevenly, 1.00 to 3.00 mm apart',)),
        ((5, 2, 1, 0), ('frames lie unevenly, 1.00 to 3.00 mm apart',)),
        ((0, 1, 2.1, 3), ()),
        ((5, 5, 5), ()),
    ],
)
def test_uneven_distances_of_frames_are_told_and_read(tmp_path, z_mm, doubts):
    header = open_image(save(volume_at(*z_mm), tmp_path / 'a.dcm')).header
    assert (header.doubts, header.pixel_problem) == (doubts, None)


def test_frames_out_of_order_are_refused_and_their_distance_is_right(tmp_path):
    header = open_image(save(volume_at(0, 3, 1, 4, 2), tmp_path / 'a.dcm')).header
    assert 'another order than their positions (the first turn is at frame 1' in header.pixel_problem
    assert header.slice_spacing_mm == 1


def test_two_acquisitions_in_one_object_are_refused(tmp_path):
    header = open_image(save(volume_at(0, 1, 2, 0, 1, 2), tmp_path / 'a.dcm')).header
    assert 'frames 0 and 3 (from 0) have the same position' in header.pixel_problem
