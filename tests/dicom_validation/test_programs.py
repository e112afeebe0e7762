"""The validators find what they are there to find."""

import numpy as np
import pytest
from pydicom import dcmread

from mammo_plugins.datasets.phantom.dicom_identity import ImageIdentity
from mammo_plugins.datasets.phantom.dicom_writer import write_mammogram
from mammo_plugins.datasets.phantom.pixel_grid import PixelGrid
from mammo_plugins.datasets.phantom.vendor_style import vendor_style
from tests.dicom_validation import dciodvfy_errors, dsrdump_errors, pixelmed_errors
from tests.result_objects import measurement_report


@pytest.fixture(scope='module')
def mammogram(tmp_path_factory):
    path = tmp_path_factory.mktemp('image') / 'a.dcm'
    identity = ImageIdentity('DBT-P00007', 'DBT-S00007', 'L', 'MLO', mirrored=False, series_number=3, seed=1)
    pixels = np.zeros((40, 36), np.uint16)
    write_mammogram(path, pixels, identity, PixelGrid(40, 36, 0.8, 45.0), vendor_style('C'), synthetic=False)
    return path


@pytest.fixture(scope='module')
def report(mammogram):
    """A measurement report (TID 1500) of one outlined finding."""
    return measurement_report(dcmread(mammogram))


def _changed(report, path, change):
    report.save_as(path, enforce_file_format=True)
    dataset = dcmread(path)
    change(dataset)
    dataset.save_as(path)
    return path


def _wrong_relationship(dataset):
    dataset.ContentSequence[-1].RelationshipType = 'HAS PROPERTIES'


def test_dciodvfy_finds_a_missing_attribute(mammogram, tmp_path):
    assert dciodvfy_errors(mammogram) == []
    dataset = dcmread(mammogram)
    del dataset.ImageLaterality
    dataset.save_as(tmp_path / 'a.dcm')
    assert any('ImageLaterality' in error for error in dciodvfy_errors(tmp_path / 'a.dcm'))


def test_dciodvfy_is_not_satisfied_by_a_file_that_it_cannot_read(tmp_path):
    (tmp_path / 'a.dcm').write_bytes(b'no image')
    assert dciodvfy_errors(tmp_path / 'a.dcm')


def test_dsrdump_finds_a_wrong_relationship(report, tmp_path):
    assert dsrdump_errors(_changed(report, tmp_path / 'a.dcm', lambda dataset: None)) == []
    assert any('has properties' in e for e in dsrdump_errors(_changed(report, tmp_path / 'b.dcm', _wrong_relationship)))


def test_pixelmed_finds_what_a_template_forbids_in_each_file_of_a_batch(report, tmp_path):
    def unknown_title(dataset):
        dataset.ConceptNameCodeSequence[0].CodeValue = '111036'

    def wrong_procedure(dataset):
        procedure = next(
            item for item in dataset.ContentSequence if item.ConceptNameCodeSequence[0].CodeValue == '121058'
        )
        procedure.ConceptCodeSequence[0].CodeValue = '24623002'

    changes = [lambda dataset: None, _wrong_relationship, unknown_title, wrong_procedure]
    paths = [_changed(report, tmp_path / f'{number}.dcm', change) for number, change in enumerate(changes)]
    clean, relationship, title, procedure = pixelmed_errors(paths).values()
    assert clean == []
    assert any('Incorrect relationship' in error for error in relationship)
    assert any('not in template' in error for error in title)
    assert any('24623002' in error for error in procedure)
