"""The file of a computed mammogram, without a volume to compute it from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pydicom import dcmread

from mammo_plugins.io import read_header, read_mammogram
from mammo_plugins.io.dicom_out import ComputedMammogram, computed_uid, write_computed_mammogram
from mammo_plugins.io.dicom_out.code_items import has_view_item, view_item
from mammo_plugins.io.dicom_view import read_view
from mammo_plugins.structures import ViewKey, ViewPosition
from tests.io.dicom_builder import dbt_volume, mammogram, save, stored_breast

RECIPE = 'a recipe; 1'


@pytest.fixture
def source(tmp_path):
    elements = dict(AcquisitionTime='235959.5', PatientOrientation=['A', 'R'], BreastImplantPresent='YES')
    return read_header(save(dbt_volume(np.stack([stored_breast()] * 3), **elements), tmp_path / 'volume.dcm'))


def written(source, path, intensities, view='L-CC'):
    image = ComputedMammogram(intensities, source, [('1.2', '3.4')], ViewKey.parse(view), RECIPE)
    write_computed_mammogram(path, image, computed_uid(source.sop_instance_uid, RECIPE))
    return path


def test_values_are_linear_from_air_to_twice_the_grey_scale(source, tmp_path):
    intensities = np.zeros((source.rows, source.columns), np.float32)
    intensities[10, :6] = [-1.0, 0.25, 0.5, 1.0, 1.5, 2.0]
    file = written(source, tmp_path / 'sm.dcm', intensities)
    assert dcmread(file).pixel_array[10, :6].tolist() == [0, 8192, 16384, 32767, 49150, 65534]
    shown = read_mammogram(file).pixels
    assert np.allclose(shown[10, :6], [0, 0.125, 0.25, 0.5, 0.75, 1], atol=1e-4) and shown[0, 0] == 0


def test_what_the_volume_says_comes_along(source, tmp_path):
    header = read_header(written(source, tmp_path / 'sm.dcm', np.ones((source.rows, source.columns), np.float32)))
    for name in ('patient_id', 'study_uid', 'study_id', 'view', 'spacing_mm', 'patient_orientation', 'has_implant',
                 'acquisition_time_s', 'rows', 'columns'):  # fmt: skip
        assert getattr(header, name) == getattr(source, name), name
    assert (header.manufacturer, header.num_slices, header.bits_stored) == ('mammo_plugins', 1, 16)


def test_side_and_view_are_those_that_are_given(source, tmp_path):
    file = written(source, tmp_path / 'sm.dcm', np.ones((source.rows, source.columns), np.float32), 'R-XCCL')
    header = read_header(file)
    assert str(header.view) == 'R-XCCL' and not header.doubts


def test_unknown_spacing_is_not_invented(source, tmp_path):
    unknown = replace(source, spacing_mm=None, patient_orientation=None, acquisition_time_s=None)
    header = read_header(written(unknown, tmp_path / 'sm.dcm', np.ones((source.rows, source.columns), np.float32)))
    assert (header.spacing_mm, header.patient_orientation, header.acquisition_time_s) == (None, None, None)


def test_equal_input_gives_equal_bytes_and_another_recipe_another_image(source, tmp_path):
    pixels = np.ones((source.rows, source.columns), np.float32)
    first, second = (written(source, tmp_path / name, pixels) for name in ('a.dcm', 'b.dcm'))
    assert first.read_bytes() == second.read_bytes()
    assert len({computed_uid(uid, recipe) for uid in ('1.2', '1.3') for recipe in ('a; 1', 'a; 2')}) == 4


def test_pixels_of_another_size_or_without_value_are_refused(source, tmp_path):
    for pixels in (np.ones((3, 4), np.float32), np.full((source.rows, source.columns), np.nan, np.float32)):
        with pytest.raises(ValueError, match='without NaN'):
            written(source, tmp_path / 'sm.dcm', pixels)
    assert not (tmp_path / 'sm.dcm').exists()


@pytest.mark.parametrize('position', ViewPosition)
def test_codes_of_views_and_modifiers_are_read_back(position, tmp_path):
    if not has_view_item(position):
        assert position is ViewPosition.AT
        return
    from mammo_plugins.io.dicom_tags import DicomTags

    item = view_item(position, ('implant displaced', 'rolled medial', 'a private code'))
    tags = DicomTags(tmp_path, mammogram(ViewPosition=None, ViewCodeSequence=[item]))
    assert read_view(tags).view.position is position
    assert read_view(tags).modifiers == ('implant displaced', 'rolled medial')


def test_maker_tells_where_the_series_description_was_removed(source, tmp_path):
    file = written(source, tmp_path / 'sm.dcm', np.ones((source.rows, source.columns), np.float32))
    dataset = dcmread(file)
    del dataset.SeriesDescription, dataset.DerivationDescription
    assert read_header(save(dataset, tmp_path / 'clean.dcm')).is_computed
    dataset.Manufacturer, dataset.SeriesDescription = 'HOLOGIC, Inc.', 'C-View L CC'
    header = read_header(save(dataset, tmp_path / 'vendor.dcm'))
    assert (header.modality, header.is_computed, header.modality_text) == ('SM', False, 'SM')
