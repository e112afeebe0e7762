"""Phantom DICOM files."""

import numpy as np
import pydicom
import pytest
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless

from mammo_plugins.datasets.phantom.dicom_identity import ImageIdentity
from mammo_plugins.datasets.phantom.dicom_writer import write_mammogram, write_tomosynthesis
from mammo_plugins.datasets.phantom.pixel_grid import PixelGrid
from mammo_plugins.datasets.phantom.vendor_style import vendor_style
from tests.dicom_validation import dciodvfy_errors

GRID = PixelGrid(40, 36, 0.8, 45.0)
FRAMES = np.random.default_rng(0).integers(0, 1000, (5, 40, 36)).astype(np.uint16)


def _identity(**changes):
    values = dict(patient_id='DBT-P00007', study_id='DBT-S00007', laterality='L', position='MLO', mirrored=False)
    return ImageIdentity(**{**values, 'series_number': 3, 'seed': 1, **changes})


def _write_volume(path, spacing_known=True, syntax=JPEG2000Lossless, **changes):
    write_tomosynthesis(path, iter(FRAMES), 5, _identity(**changes), GRID, vendor_style('A'), spacing_known, syntax)
    return pydicom.dcmread(path)


@pytest.mark.parametrize('syntax', [ExplicitVRLittleEndian, JPEG2000Lossless], ids=lambda uid: uid.name)
def test_volume_holds_its_frames_and_geometry(tmp_path, syntax):
    dataset = _write_volume(tmp_path / 'a.dcm', syntax=syntax)
    np.testing.assert_array_equal(dataset.pixel_array, FRAMES)
    assert dataset.SOPClassUID.name == 'Breast Tomosynthesis Image Storage'
    measures = dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    assert measures.PixelSpacing == [0.8, 0.8]
    assert measures.SliceThickness == 9.0
    heights = [
        float(f.PlanePositionSequence[0].ImagePositionPatient[2]) for f in dataset.PerFrameFunctionalGroupsSequence
    ]
    np.testing.assert_allclose(heights, [0, 9, 18, 27, 36])


def test_volume_of_the_published_kind_hides_its_spacing(tmp_path):
    dataset = _write_volume(tmp_path / 'a.dcm', spacing_known=False)
    assert 'PixelSpacing' not in dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    assert dataset.SliceThickness == 45.0
    positions = {
        tuple(f.PlanePositionSequence[0].ImagePositionPatient) for f in dataset.PerFrameFunctionalGroupsSequence
    }
    assert len(positions) == 1


def test_header_states_side_view_and_orientation(tmp_path):
    dataset = _write_volume(tmp_path / 'a.dcm', laterality='R', mirrored=True)
    assert (dataset.ImageLaterality, dataset.ViewPosition) == ('R', 'MLO')
    assert dataset.ViewCodeSequence[0].CodeValue == '399368009'
    assert dataset.SharedFunctionalGroupsSequence[0].FrameAnatomySequence[0].FrameLaterality == 'R'
    assert dataset.PatientOrientation == ['P', 'FL']


def test_inverted_mammogram_stores_the_complement(tmp_path):
    path = tmp_path / 'b.dcm'
    write_mammogram(path, FRAMES[0], _identity(), GRID, vendor_style('D'), synthetic=False)
    dataset = pydicom.dcmread(path)
    assert (dataset.PhotometricInterpretation, dataset.PresentationLUTShape) == ('MONOCHROME1', 'INVERSE')
    np.testing.assert_array_equal(2**13 - 1 - dataset.pixel_array, FRAMES[0])


def test_synthetic_mammogram_says_so_and_is_not_inverted(tmp_path):
    path = tmp_path / 'c.dcm'
    write_mammogram(path, FRAMES[0], _identity(), GRID, vendor_style('D'), synthetic=True)
    dataset = pydicom.dcmread(path)
    assert 'GENERATED_2D' in dataset.ImageType
    assert dataset.PhotometricInterpretation == 'MONOCHROME2'


def test_identifiers_are_synthetic_and_follow_from_the_seed(tmp_path):
    dataset = _write_volume(tmp_path / 'a.dcm')
    assert dataset.PatientName == 'Phantom^P00007'
    assert dataset.PatientBirthDate == ''
    assert _identity().sop_uid == dataset.SOPInstanceUID
    assert _identity(seed=2).sop_uid != dataset.SOPInstanceUID
    assert _identity(series_number=4).study_uid == dataset.StudyInstanceUID
    assert _identity(series_number=4).series_uid != dataset.SeriesInstanceUID


@pytest.mark.parametrize('kind', ['DBT', 'FFDM', 'inverted FFDM', 'SM'])
def test_independent_validator_finds_no_error(tmp_path, kind):
    path = tmp_path / 'a.dcm'
    if kind == 'DBT':
        _write_volume(path)
    else:
        write_mammogram(path, FRAMES[0], _identity(), GRID, vendor_style('D' if kind[0] == 'i' else 'A'), kind == 'SM')
    assert dciodvfy_errors(path) == []
