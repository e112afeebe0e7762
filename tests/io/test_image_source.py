"""The one way into all formats."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from mammo_plugins.io import iter_slices, open_image, read_dbt_volume, read_header, read_mammogram
from mammo_plugins.io.unreadable_image import UnreadableImageError
from tests.io.dicom_builder import ct_slices, dbt_volume, gradient, mammogram, save

VOLUME = gradient((4, 8, 7))


@pytest.fixture
def dbt_path(tmp_path):
    return save(dbt_volume(VOLUME), tmp_path / 'series' / '1-1.dcm')


def test_content_decides_and_not_the_name(tmp_path):
    png = tmp_path / '0_L-CC.dcm'
    Image.fromarray(np.zeros((4, 3), np.uint8)).save(png, format='PNG')
    dicom = save(mammogram(), tmp_path / 'image.png')
    assert open_image(png).header.view_source == 'file name'
    assert open_image(dicom).header.manufacturer == 'HOLOGIC, Inc.'


def test_folder_of_one_file_stands_for_the_file(dbt_path):
    assert open_image(dbt_path.parent).header == read_header(dbt_path)


def test_every_format_gives_slices_the_same_way(tmp_path, dbt_path):
    for n, dataset in enumerate(ct_slices(VOLUME)):
        save(dataset, tmp_path / 'ct' / f'{n}.dcm')
    png = tmp_path / '0_L-CC.png'
    Image.fromarray(VOLUME[0]).save(png)
    for path, count in ((dbt_path, 4), (tmp_path / 'ct', 4), (png, 1)):
        slices = list(iter_slices(path, voi='none'))
        assert len(slices) == count
        assert all(pixels.dtype == np.float32 and pixels.shape == (8, 7) for pixels in slices)
        assert all(pixels.min() >= 0 and pixels.max() <= 1 for pixels in slices)


def test_volume_is_stacked_in_the_order_asked_for(dbt_path):
    header, volume = read_dbt_volume(dbt_path, slices=[2, 0], voi='none')
    assert header.num_slices == 4 and volume.dtype == np.float32
    np.testing.assert_array_equal(volume, VOLUME[[2, 0]] / np.float32(4095))
    assert read_dbt_volume(dbt_path)[1].shape == (4, 8, 7)


def test_mammogram_is_a_volume_of_one_slice(tmp_path):
    path = save(mammogram(), tmp_path / 'a.dcm')
    _, volume = read_dbt_volume(path)
    np.testing.assert_array_equal(volume, read_mammogram(path).pixels[None])


def test_volume_is_not_a_mammogram(dbt_path):
    with pytest.raises(UnreadableImageError, match=r'1-1\.dcm: has 4 slices: read it with read_dbt_volume'):
        read_mammogram(dbt_path)


def test_volume_of_one_slice_is_read_as_an_image(tmp_path):
    image = read_mammogram(save(dbt_volume(VOLUME[:1]), tmp_path / 'a.dcm'))
    assert image.header.modality == 'DBT' and image.pixels.shape == (8, 7)


@pytest.mark.parametrize('slices', [[4], [-1], [0, 9]])
def test_slice_out_of_range_is_an_error(dbt_path, slices):
    with pytest.raises(ValueError, match='is outside 0 to 3'):
        read_dbt_volume(dbt_path, slices)


def test_unknown_policy_is_an_error_before_anything_is_decoded(dbt_path):
    with pytest.raises(ValueError, match="unknown VOI policy 'best'"):
        iter_slices(dbt_path, voi='best')


def test_empty_file_is_refused(tmp_path):
    (tmp_path / 'a.dcm').touch()
    with pytest.raises(UnreadableImageError, match=r'a\.dcm: the file is empty'):
        read_header(tmp_path / 'a.dcm')


def test_missing_file_is_refused(tmp_path):
    with pytest.raises(UnreadableImageError, match=r'nowhere\.dcm: cannot be opened: No such file'):
        read_header(tmp_path / 'nowhere.dcm')


def test_error_survives_a_process_boundary():
    import pickle

    error = pickle.loads(pickle.dumps(UnreadableImageError('a.dcm', 'truncated')))
    assert (str(error), error.reason) == ('a.dcm: truncated', 'truncated')


@pytest.mark.parametrize(('name', 'reason'), [('a\0.dcm', 'no file can have this name'), ('a' * 300, 'too long')])
def test_impossible_name_is_refused_like_a_missing_file(tmp_path, name, reason):
    with pytest.raises(UnreadableImageError, match=reason) as caught:
        open_image(tmp_path / name)
    assert caught.value.path == tmp_path / name


def test_volume_that_does_not_fit_into_the_memory_is_refused_by_name(dbt_path, monkeypatch):
    def refuse(*arguments):
        raise MemoryError

    monkeypatch.setattr(np, 'empty', refuse)
    with pytest.raises(UnreadableImageError, match='do not fit into the memory: read fewer at a time'):
        read_dbt_volume(dbt_path)
