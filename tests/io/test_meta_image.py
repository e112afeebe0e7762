"""MetaImage: headers, values and what cannot be read; the layouts of the VICTRE pipeline."""

from __future__ import annotations

import numpy as np
import pytest

from mammo_plugins.io import UnreadableImageError, iter_slices, open_image, read_dbt_volume, read_mammogram
from mammo_plugins.io.meta_image import MetaImage
from mammo_plugins.io.source_digest import digest_source
from mammo_plugins.io.victre_layout import upright_point, window_of
from tests.io.meta_image_builder import meta_header, save_meta_image

SHAPE = (3, 18, 20)


def ramp(shape=SHAPE, dtype='<f8') -> np.ndarray:
    return np.arange(np.prod(shape), dtype=dtype).reshape(shape)


@pytest.mark.parametrize('dtype', ['<u2', '>u2', '<f4', '>f4', '<f8', '>f8'])
def test_values_of_each_type_and_byte_order(tmp_path, dtype):
    values = ramp(dtype=dtype)
    header, volume = read_dbt_volume(save_meta_image(tmp_path / '7_R-MLO.mhd', values), voi='none')
    largest = 65535 if dtype[1] == 'u' else values.max()
    np.testing.assert_allclose(volume, values / largest, rtol=1e-6)
    assert (header.rows, header.columns, header.num_slices, header.modality) == (18, 20, 3, 'DBT')
    assert (str(header.view), header.patient_id) == ('R-MLO', '7')
    assert header.spacing_mm == (0.2, 0.1) and header.slice_spacing_mm == 1.5


def test_bytes_are_read_as_they_are(tmp_path):
    values = ramp((16, 16), 'u1')
    image = read_mammogram(save_meta_image(tmp_path / 'L-CC.mhd', values))
    np.testing.assert_allclose(image.pixels, values / 255, rtol=1e-6)
    assert image.header.modality == 'FFDM' and image.header.bits_stored == 8


def test_16_bits_are_scaled_by_the_bits_that_the_whole_volume_uses(tmp_path):
    values = np.zeros(SHAPE, '<u2')
    values[0], values[2] = 100, 1000
    path = save_meta_image(tmp_path / 'L-CC.mhd', values)
    (alone,) = iter_slices(path, [0])
    np.testing.assert_allclose(alone, 100 / 1023, rtol=1e-6)


def test_floats_go_from_the_smallest_to_the_largest_of_the_volume_and_slices_do_not_depend_on_others(tmp_path):
    values = ramp() - 50
    path = save_meta_image(tmp_path / 'L-CC.mhd', values)
    whole = read_dbt_volume(path)[1]
    np.testing.assert_allclose(whole, (values + 50) / (values.max() + 50), rtol=1e-6)
    (alone,) = iter_slices(path, [1])
    np.testing.assert_array_equal(alone, whole[1])


def test_values_after_the_header_of_one_file(tmp_path):
    values = ramp()
    for name, skipped in (('L-CC.mha', None), ('R-CC.mha', '-1')):
        header = meta_header(values.shape[::-1], data='LOCAL', HeaderSize=skipped)
        (tmp_path / name).write_bytes(header.encode() + values.tobytes())
        np.testing.assert_allclose(read_dbt_volume(tmp_path / name)[1], values / values.max(), rtol=1e-6)


@pytest.mark.parametrize('skipped', ['5', '-1'])
def test_values_behind_another_header(tmp_path, skipped):
    values = ramp()
    path = save_meta_image(tmp_path / 'L-CC.mhd', values, HeaderSize=skipped)
    (tmp_path / 'L-CC.raw').write_bytes(b'12345' + values.tobytes())
    np.testing.assert_allclose(read_dbt_volume(path)[1], values / values.max(), rtol=1e-6)


def test_told_by_content_and_by_name(tmp_path):
    save_meta_image(tmp_path / 'L-CC.mhd', ramp((16, 16)))
    (tmp_path / 'header.txt').write_text((tmp_path / 'L-CC.mhd').read_text())
    assert isinstance(open_image(tmp_path / 'header.txt'), MetaImage)
    (tmp_path / 'broken.mhd').write_bytes(b'\x00\x01\xff\xfe')
    with pytest.raises(UnreadableImageError, match=r'broken\.mhd: MetaImage header: line 1 is no text'):
        open_image(tmp_path / 'broken.mhd')


@pytest.mark.parametrize(
    ('fields', 'reason'),
    [
        ({'CompressedData': 'True'}, 'the data are compressed'),
        ({'CompressedData': 'maybe'}, "CompressedData 'maybe' is neither True nor False"),
        ({'BinaryData': 'False'}, 'the data are text'),
        ({'ObjectType': 'Mesh'}, "ObjectType is 'Mesh'"),
        ({'NDims': '4'}, 'NDims is 4'),
        ({'NDims': None}, 'NDims is missing'),
        ({'DimSize': '20 18'}, "DimSize '20 18' is not 3 whole numbers"),
        ({'DimSize': '20 18 0'}, "DimSize '20 18 0' is not 3 sizes of at least 1"),
        ({'DimSize': '20 18 x'}, 'is not 3 whole numbers'),
        ({'DimSize': None}, 'DimSize is missing'),
        ({'ElementType': 'MET_LONG'}, "ElementType 'MET_LONG' is none of MET_UCHAR"),
        ({'ElementNumberOfChannels': '3'}, 'only images of one channel'),
        ({'ElementSpacing': '0.1 0.1 0'}, "ElementSpacing '0.1 0.1 0' is not 3 distances in mm"),
        ({'ElementSpacing': '0.1 nan 1'}, 'is not 3 distances in mm'),
        ({'HeaderSize': '-2'}, 'HeaderSize -2 is neither'),
        ({'Comment\nx': 'y'}, 'line 9 is not "Key = value"'),
    ],
)
def test_header_that_cannot_be_read_is_refused_by_file_and_reason(tmp_path, fields, reason):
    path = save_meta_image(tmp_path / 'L-CC.mhd', ramp())
    path.write_text(meta_header((20, 18, 3), data='L-CC.raw', **fields))
    with pytest.raises(UnreadableImageError) as refused:
        open_image(path)
    assert str(refused.value).startswith(f'{path}: MetaImage header: ') and reason in str(refused.value)


@pytest.mark.parametrize('name', ['../x.raw', '/etc/passwd', 'C:\\x.raw', 'a/../../x.raw', 'LIST', 'slice%03d.raw'])
def test_header_leads_to_no_other_files(tmp_path, name):
    path = tmp_path / 'L-CC.mhd'
    path.write_text(meta_header((20, 18, 3), data=name))
    with pytest.raises(UnreadableImageError, match='ElementDataFile'):
        open_image(path)


def test_contradicting_lines_and_a_header_without_end_are_refused(tmp_path):
    path = tmp_path / 'L-CC.mhd'
    path.write_text('NDims = 2\nNDims = 3\n')
    with pytest.raises(UnreadableImageError, match="NDims is both '2' and '3'"):
        open_image(path)
    path.write_text('NDims = 2\n')
    with pytest.raises(UnreadableImageError, match='no ElementDataFile'):
        open_image(path)


def test_data_that_are_missing_or_of_another_size_are_named(tmp_path):
    path = save_meta_image(tmp_path / 'L-CC.mhd', ramp())
    data = tmp_path / 'L-CC.raw'
    data.write_bytes(data.read_bytes()[:-1])
    with pytest.raises(UnreadableImageError, match=r'L-CC\.raw has 8639 bytes of pixels, DimSize 20 x 18 x 3 of'):
        open_image(path)
    data.write_bytes(data.read_bytes() + b'12')
    with pytest.raises(UnreadableImageError, match='has 8641 bytes'):
        open_image(path)
    data.unlink()
    with pytest.raises(UnreadableImageError, match=r'L-CC\.mhd: no file L-CC\.raw with its pixels'):
        open_image(path)


@pytest.mark.parametrize('value', [np.nan, np.inf, -1e308])
def test_values_that_are_no_grey_values_are_refused(tmp_path, value):
    values = ramp()
    values[2, 3, 4] = value
    with pytest.raises(UnreadableImageError, match='holds values in slice 2 that are no grey values'):
        read_dbt_volume(save_meta_image(tmp_path / 'L-CC.mhd', values))


def test_policies_that_need_a_window_are_refused(tmp_path):
    path = save_meta_image(tmp_path / 'L-CC.mhd', ramp())
    with pytest.raises(UnreadableImageError, match="nothing for the VOI policy 'window'"):
        iter_slices(path, voi='window')
    with pytest.raises(ValueError, match='slice 3 is outside 0 to 2'):
        iter_slices(path, [3])


def test_blank_image_is_black(tmp_path):
    assert not read_dbt_volume(save_meta_image(tmp_path / 'L-CC.mhd', np.full(SHAPE, 7.0)))[1].any()


def test_digest_is_that_of_header_and_values(tmp_path):
    path = save_meta_image(tmp_path / 'L-CC.mhd', ramp())
    before = digest_source(path)
    save_meta_image(path, ramp() + 1)
    changed = digest_source(path)
    assert changed != before
    path.write_text(path.read_text().replace('1.5', '2.5'))
    assert digest_source(path) not in (before, changed)
    path.write_text('NDims = 9\n')  # damaged: its own bytes alone
    digest_source(path)


class TestVictre:
    def test_volume_is_turned_upright(self, tmp_path):
        """The value at (x, y) of a slice of X values a row becomes column y, row X - 1 - x."""
        values = ramp()
        path = save_meta_image(tmp_path / 'reconstruction3.mhd', values)
        header, volume = read_dbt_volume(path, voi='none')
        assert (header.rows, header.columns, header.num_slices, header.modality) == (20, 18, 3, 'DBT')
        assert header.spacing_mm == (0.1, 0.2) and header.slice_spacing_mm == 1.5
        assert (str(header.view), header.manufacturer) == ('R-CC', 'VICTRE')
        for z, y, x in np.ndindex(*SHAPE):
            assert volume[z, 20 - 1 - x, y] == np.float32(values[z, y, x] / values.max())

    def test_projection_is_the_first_of_two_images(self, tmp_path):
        images = np.stack([ramp((18, 20), '<f4'), np.full((18, 20), -5, '<f4')])
        for written in (images, images[0]):
            path = save_meta_image(tmp_path / 'projection_DM3.mhd', written, sizes=(20, 18))
            header, (pixels,) = read_dbt_volume(path, voi='none')
            assert (header.modality, header.rows, header.columns, header.num_slices) == ('FFDM', 20, 18, 1)
            np.testing.assert_allclose(pixels, np.rot90(images[0]) / images[0].max(), rtol=1e-6)

    def test_other_images_are_not_written_twice(self, tmp_path):
        path = save_meta_image(tmp_path / 'L-CC.mhd', np.zeros((2, 18, 20), '<f4'), sizes=(20, 18))
        with pytest.raises(UnreadableImageError, match='has 2880 bytes'):
            open_image(path)

    def test_computed_cview_stands_upright_beside_the_header_of_its_volume(self, tmp_path):
        upright = ramp((20, 18), '<f4')
        path = save_meta_image(tmp_path / 'reconstruction3.mhd', upright, sizes=(20, 18, 3), kind='MET_DOUBLE')
        header, (pixels,) = read_dbt_volume(path)
        assert (header.modality, header.rows, header.columns, header.num_slices) == ('SM', 20, 18, 1)
        assert header.spacing_mm == (0.1, 0.2) and header.slice_spacing_mm is None
        np.testing.assert_allclose(pixels, upright / upright.max(), rtol=1e-6)

    def test_volume_that_is_cut_is_no_cview(self, tmp_path):
        path = save_meta_image(tmp_path / 'reconstruction3.mhd', ramp()[:2], sizes=(20, 18, 3))
        with pytest.raises(UnreadableImageError, match='needs 8640 or 1440: an incomplete download'):
            open_image(path)

    def test_volume_is_shown_from_no_attenuation_to_two_deviations_above_the_mean_of_the_tissue(self, tmp_path):
        values = np.zeros(SHAPE)
        values[1, :9] = 0.5
        values[2, 0, 0], values[2, 0, 1] = 4.0, -3.0
        tissue = values[values > values.mean()]
        white = tissue.mean() + 2 * tissue.std()
        assert 0.5 < white < 4.0
        shown = read_dbt_volume(save_meta_image(tmp_path / 'reconstruction3.mhd', values))[1]
        expected = np.clip(values / white, 0, 1)
        np.testing.assert_allclose(shown, np.stack([np.rot90(plane) for plane in expected]), atol=1e-6)

    @pytest.mark.parametrize(
        ('statistics', 'window'),
        [
            ((-1.0, 9.0, 2.0, 1.0), (0.0, 4.0)),
            ((1.0, 3.0, 2.0, 1.0), (1.0, 3.0)),  # nothing lies above the largest
            ((-3.0, -1.0, -2.0, 0.5), (-3.0, -1.0)),  # no attenuation at all: everything
        ],
    )
    def test_window_by_hand(self, statistics, window):
        assert window_of(*statistics) == window

    def test_point_of_a_value_is_the_middle_of_its_pixel(self):
        marked = np.zeros((18, 20))
        marked[5, 3] = 1
        (row,), (column,) = np.nonzero(np.rot90(marked))
        assert upright_point(3, 5, 20) == (column + 0.5, row + 0.5) == (5.5, 16.5)
