"""Volumes that state where their slices lie in the patient."""

import numpy as np
import pytest
from pydicom import dcmread

from mammo_plugins.apis.phantoms import make_phantoms
from mammo_plugins.datasets.phantom.dicom_identity import ImageIdentity
from mammo_plugins.datasets.phantom.patient_geometry import image_orientation, slice_positions
from mammo_plugins.datasets.phantom.pixel_grid import PixelGrid
from mammo_plugins.datasets.phantom.settings import PhantomSettings
from mammo_plugins.io import read_header
from tests.dicom_validation import dciodvfy_errors
from tests.result_objects import segmentation

GRID = PixelGrid(40, 36, 0.5, 45.0)
SIDES = {'L': -1, 'R': 1}
"""Side to the direction of the patient's middle along x."""


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    out = tmp_path_factory.mktemp('placed') / 'out'
    make_phantoms(out, cases=1, seed=2, size='64x48x6', split=(1, 0, 0), overrides={'imaging.placed': True})
    return sorted(out.rglob('*.dcm'))


def _of(files, modality):
    return [file for file in files if read_header(file).modality == modality]


def _identity(side, position):
    return ImageIdentity('DBT-P00007', 'DBT-S00007', side, position, side == 'R', series_number=3, seed=1)


@pytest.mark.parametrize('side', ['L', 'R'])
def test_craniocaudal_slices_rise_from_foot_to_head_before_the_chest_wall(side):
    positions = slice_positions(_identity(side, 'CC'), GRID, 5)
    np.testing.assert_allclose(positions[:, 2], [4.5, 13.5, 22.5, 31.5, 40.5])
    along_row, along_column = image_orientation(_identity(side, 'CC'))
    corners = positions[0] + np.array([[0, 0], [35, 39]]) * 0.5 @ np.stack([along_row, along_column])
    np.testing.assert_allclose(sorted(corners[:, 1]), [-17.75, -0.25])  # the back is at growing y
    np.testing.assert_allclose(sorted(corners[:, 0]), [-9.75, 9.75])
    assert np.sign(along_column[0]) == SIDES[side]


@pytest.mark.parametrize('side', ['L', 'R'])
def test_oblique_slices_rise_from_lower_outer_to_upper_inner(side):
    positions = slice_positions(_identity(side, 'MLO'), GRID, 5)
    steps = np.diff(positions, axis=0)
    np.testing.assert_allclose(steps, np.tile([SIDES[side] * 9 * 0.5**0.5, 0, 9 * 0.5**0.5], (4, 1)))


def test_directions_in_the_patient_are_those_of_patient_orientation(files, tmp_path):
    for file in _of(files, 'DBT'):
        dataset = dcmread(file)
        written = read_header(file).patient_orientation
        del dataset.PatientOrientation
        dataset.save_as(tmp_path / 'a.dcm')
        assert read_header(tmp_path / 'a.dcm').patient_orientation == written


def test_all_volumes_have_a_spacing_and_slices_apart(files):
    volumes = [dcmread(file) for file in _of(files, 'DBT')]
    assert len({volume.FrameOfReferenceUID for volume in volumes}) == len(volumes) == 4
    for volume in volumes:
        measures = volume.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
        frames = volume.PerFrameFunctionalGroupsSequence
        places = np.array([frame.PlanePositionSequence[0].ImagePositionPatient for frame in frames])
        steps_mm = np.linalg.norm(np.diff(places, axis=0), axis=1)
        np.testing.assert_allclose(steps_mm, measures.SpacingBetweenSlices, atol=1e-3)


def test_validator_finds_no_error(files):
    assert {file: dciodvfy_errors(file) for file in files} == {file: [] for file in files}


@pytest.mark.parametrize('modality', ['DBT', 'FFDM', 'SM'])
def test_segmentations_of_the_images_validate(files, tmp_path, modality):
    made = segmentation(dcmread(_of(files, modality)[0]))
    made.save_as(tmp_path / 'seg.dcm')
    assert dciodvfy_errors(tmp_path / 'seg.dcm') == []


def test_releases_of_before_keep_their_settings():
    assert 'placed' not in PhantomSettings().as_dict()['imaging']
    placed = PhantomSettings().override({'imaging.placed': True}).resized('64x48x6')
    assert placed.as_dict()['imaging']['placed'] is True
