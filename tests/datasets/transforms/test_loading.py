import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammo_plugins.datasets.grey_values import to_grey_values
from mammo_plugins.datasets.transforms import LoadMammogram
from mammo_plugins.datasets.transforms.loading import pool_slices
from mammo_plugins.structures import SliceBins


@settings(deadline=None)
@given(st.integers(1, 40), st.integers(1, 20), st.integers(0, 100))
def test_streamed_bins_equal_the_maximum_over_each_bin(num_slices, max_bins, seed):
    volume = np.random.default_rng(seed).random((num_slices, 3, 2)).astype(np.float32)
    bins = SliceBins.at_most(num_slices, max_bins)
    expected = [volume[bins.first(index) : bins.last(index) + 1].max(axis=0) for index in range(bins.num_bins)]
    np.testing.assert_array_equal(pool_slices(iter(volume), bins), to_grey_values(np.array(expected)))


@pytest.mark.parametrize('delivered', [0, 1, 3, 5])
def test_other_number_of_slices_than_announced_is_an_error(delivered):
    with pytest.raises(ValueError, match=f'{delivered} slices were read of 4'):
        pool_slices(iter(np.zeros((delivered, 2, 2))), SliceBins(4, 2))


def test_pooling_writes_to_no_slice():
    volume = np.random.default_rng(0).random((4, 2, 2))
    before = volume.copy()
    pool_slices(iter(volume), SliceBins(4, 1))
    np.testing.assert_array_equal(volume, before)


def describe(path, shape):
    return dict(img_path=str(path), num_source_slices=shape[0], ori_shape=shape[1:])


@pytest.mark.parametrize(('num_slices', 'bins'), [(4, 4), (1, 1), (50, 10)])
def test_volume_is_read_in_bins(tmp_path, dbt_writer, num_slices, bins):
    stored = np.random.default_rng(0).integers(0, 1024, (10, 16, 12))
    dbt_writer(tmp_path / 'volume.dcm', stored)
    view = LoadMammogram(num_slices, voi='none')(describe(tmp_path / 'volume.dcm', stored.shape))
    assert view['img'].shape == (bins, 16, 12) and view['img'].dtype == np.uint16
    np.testing.assert_array_equal(view['img'].max(axis=0), np.rint(stored.max(axis=0) / 1023 * 65535))
    assert view['slice_bins'] == SliceBins(10, bins) and view['img_shape'] == (16, 12)
    np.testing.assert_array_equal(view['homography_matrix'], np.eye(3))


def test_file_of_another_size_than_annotated_is_refused(tmp_path, dbt_writer):
    dbt_writer(tmp_path / 'volume.dcm', np.zeros((10, 16, 12)))
    with pytest.raises(ValueError, match=r'volume.dcm holds .* = \(10, 16, 12\), .* \(9, 16, 12\)'):
        LoadMammogram()(describe(tmp_path / 'volume.dcm', (9, 16, 12)))


def test_less_than_one_slice_is_refused():
    with pytest.raises(ValueError, match='num_slices must be at least 1, got 0'):
        LoadMammogram(0)
