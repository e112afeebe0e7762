"""Grey values of whole files against the standard, pixel by pixel, and what headers say wrongly."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEG2000Lossless

from mammo_plugins.io.image_source import open_image, read_header, read_mammogram
from mammo_plugins.io.unreadable_image import UnreadableImageError
from tests.io.dicom_builder import compressed, ct_slices, dbt_volume, gradient, item, mammogram, save, stored_breast
from tests.references.grey_values import Grey, intensity, value_range

SYNTAXES = (ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian)


@st.composite
def greys(draw):
    bits, is_signed = draw(st.integers(6, 16)), draw(st.booleans())
    high = draw(st.sampled_from(sorted({bits - 1, 15})))
    slope = draw(st.sampled_from([1.0, 2.0, 0.5, -1.0]))
    grey = Grey(bits, high, is_signed, slope, draw(st.sampled_from([0.0, -1024.0, 3.5])))
    if draw(st.booleans()) and bits <= 12:
        grey = _with(grey, modality_table=_table(draw, -(2 ** (bits - 1)) if is_signed else 0, 2**bits))
    low, top = value_range(grey)
    voi = draw(st.sampled_from(['table', 'window', 'none']))
    if voi == 'table' and top - low < 40000 and low >= -32768 and top < 65536:
        grey = _with(grey, voi_table=_table(draw, int(low), int(top - low) + 1))
    elif voi == 'window':
        function = draw(st.sampled_from(['LINEAR', 'LINEAR_EXACT', 'SIGMOID']))
        center = draw(st.floats(0.1, 0.9)) * (top - low) + low
        grey = _with(grey, window=(function, round(center, 1), round(draw(st.floats(0.1, 1.5)) * (top - low) + 2, 1)))
    return _with(grey, is_inverted=draw(st.booleans()))


def _with(grey, **changes):
    return Grey(**{**vars(grey), **changes})


def _table(draw, first, count):
    bits = draw(st.sampled_from([8, 10, 12, 16]))
    steep = draw(st.floats(0.3, 3))
    return first, [round((k / max(1, count - 1)) ** steep * (2**bits - 1)) for k in range(count)], bits


def _lut(table, order, packed, vr):
    first, entries, bits = table
    lut = item()
    lut.add_new('LUTDescriptor', 'SS' if vr == 'SS' or first < 0 else 'US', [0, 0, 0])
    signed = lut['LUTDescriptor'].VR == 'SS'
    count = len(entries) % 65536
    if signed and (first > 32767 or count > 32767):
        signed, lut['LUTDescriptor'].VR = False, 'US'
    lut['LUTDescriptor'].value = [count, first if signed else first % 65536, bits]
    if packed and bits == 8:
        words = np.frombuffer(bytes(entries) + b'\0' * (len(entries) % 2), '<u2')
    else:
        words = np.array(entries, np.uint16)
    if vr == 'OW':
        lut.add_new('LUTData', 'OW', words.astype(f'{order}u2').tobytes())
    else:
        lut.add_new('LUTData', vr, words.view(np.int16 if vr == 'SS' else np.uint16).tolist())
    return Sequence([lut])


@settings(max_examples=60, deadline=None)
@given(greys(), st.sampled_from(SYNTAXES), st.booleans(), st.sampled_from(['US', 'SS', 'OW']), st.data())
def test_grey_values_are_those_of_the_standard(grey, syntax, packed, vr, data):
    words = data.draw(st.lists(st.integers(0, 2**grey.bits_stored - 1), min_size=6, max_size=6))
    sign = 2 ** (grey.bits_stored - 1)
    if grey.is_signed:  # written as encoders do: the sign goes on to the left
        words = [(word - 2 * sign if word >= sign else word) % 2**16 for word in words]
    words = [word << (grey.high_bit + 1 - grey.bits_stored) & 0xFFFF for word in words]
    order = '>' if syntax == ExplicitVRBigEndian else '<'
    pixels = np.array(words, f'{order}u2').view(f'{order}i2' if grey.is_signed else f'{order}u2').reshape(2, 3)
    elements = {'RescaleSlope': grey.slope, 'RescaleIntercept': grey.intercept}
    if grey.modality_table:
        elements = {'ModalityLUTSequence': _lut(grey.modality_table, order, packed, vr)}
    if grey.voi_table:
        elements['VOILUTSequence'] = _lut(grey.voi_table, order, packed, vr)
    if grey.window:
        elements.update(zip(('VOILUTFunction', 'WindowCenter', 'WindowWidth'), grey.window, strict=True))
    dataset = mammogram(
        pixels, BitsStored=grey.bits_stored, HighBit=grey.high_bit,
        PhotometricInterpretation='MONOCHROME1' if grey.is_inverted else 'MONOCHROME2', **elements,
    )  # fmt: skip
    dataset.file_meta.TransferSyntaxUID = syntax
    expected = [intensity(word, grey) for word in words]
    with TemporaryDirectory() as folder:
        read = read_mammogram(save(dataset, Path(folder) / 'a.dcm')).pixels
    np.testing.assert_allclose(read.ravel(), expected, atol=2e-4)


def noisy_breast():
    """(H, W) uint16 of 12 bits."""
    pixels = stored_breast(top=3800).astype(np.float64)
    return (
        (pixels + np.random.default_rng(0).normal(0, 40, pixels.shape) * (pixels > 0)).clip(0, 4095).astype(np.uint16)
    )


class TestBitsBesideTheValue:
    SMOOTH = (gradient((40, 30)) // 2).astype(np.uint16)

    def read(self, tmp_path, pixels, **elements):
        return read_mammogram(save(mammogram(pixels, **elements), tmp_path / 'a.dcm')).pixels

    def test_graphics_in_unused_bits_are_no_part_of_the_value(self, tmp_path):
        drawn = self.SMOOTH.copy()
        drawn[5:20, 5:20] |= 0x8000
        np.testing.assert_allclose(self.read(tmp_path, drawn), self.SMOOTH / 4095, atol=1e-6)

    def test_declared_graphics_may_lie_anywhere_beside(self, tmp_path):
        dataset = mammogram((self.SMOOTH << 4) | 1, HighBit=15)
        dataset.add_new((0x6000, 0x0102), 'US', 15)
        dataset.add_new((0x6000, 0x0100), 'US', 16)
        read = read_mammogram(save(dataset, tmp_path / 'a.dcm')).pixels
        np.testing.assert_allclose(read, self.SMOOTH / 4095, atol=1e-6)

    @pytest.mark.parametrize(
        ('pixels', 'elements', 'reason'),
        [
            (gradient((40, 30), bits=14), {}, 'need 14 bits'),
            (SMOOTH << 4, {}, 'left-aligned'),
            (SMOOTH, {'HighBit': 15}, 'lowest bits'),
            (SMOOTH, {'HighBit': 3}, 'High Bit'),
        ],
    )
    def test_values_in_other_bits_than_the_header_says_are_refused(self, tmp_path, pixels, elements, reason):
        with pytest.raises(UnreadableImageError, match=reason):
            self.read(tmp_path, pixels.astype(np.uint16), **elements)

    @pytest.mark.parametrize('signed', [False, True])
    @pytest.mark.parametrize('missing', range(1, 7))
    def test_larger_values_than_bits_stored_are_refused_however_often_they_fold(self, tmp_path, missing, signed):
        pixels = noisy_breast()
        stored = 12 + signed - missing
        with pytest.raises(UnreadableImageError, match=f'need {12 + signed} bits'):
            self.read(tmp_path, pixels.astype(np.int16) if signed else pixels, BitsStored=stored)

    def test_larger_values_are_refused_beside_padding(self, tmp_path):
        pixels = noisy_breast()
        pixels[:, -3:] = 65535
        with pytest.raises(UnreadableImageError, match='need 12 bits'):
            self.read(tmp_path, pixels, BitsStored=9, PixelPaddingValue=65535)

    @pytest.mark.parametrize('place', [np.s_[5:20:2, 5:20:3], np.s_[5:20:2, -20:-3:3], np.s_[:40], np.s_[20:60, 10:50]])
    @pytest.mark.parametrize('bit', [12, 15])
    def test_undeclared_graphics_of_any_form_are_cut(self, tmp_path, place, bit):
        pixels = noisy_breast()
        drawn = pixels.copy()
        drawn[place] |= 1 << bit
        np.testing.assert_allclose(self.read(tmp_path, drawn), pixels / 4095, atol=1e-6)

    def test_random_bits_beside_the_value_are_cut(self, tmp_path):
        pixels = noisy_breast()
        drawn = pixels | np.random.default_rng(0).integers(0, 16, pixels.shape, dtype=np.uint16) << 12
        np.testing.assert_allclose(self.read(tmp_path, drawn), pixels / 4095, atol=1e-6)

    def test_negative_values_may_end_at_their_bits(self, tmp_path):
        values = noisy_breast().astype(np.int32) - 2048
        read = self.read(tmp_path, (values & 0xFFF).astype(np.int16), PixelRepresentation=1)
        np.testing.assert_allclose(read, (values + 2048) / 4095, atol=1e-6)

    def test_padding_may_need_more_bits_than_values(self, tmp_path):
        padded = self.SMOOTH.copy()
        padded[:, -3:] = 65535
        read = self.read(tmp_path, padded, PixelPaddingValue=65535)
        assert read[:, -3:].max() == 0
        np.testing.assert_allclose(read[:, :-3], self.SMOOTH[:, :-3] / 4095, atol=1e-6)


class TestCompressedDepth:
    @pytest.mark.parametrize('stated', [14, 16])
    def test_fewer_bits_than_stated_are_taken_as_they_are_and_said(self, tmp_path, stated):
        dataset = compressed(mammogram(gradient((64, 64))), JPEG2000Lossless)
        dataset.BitsStored, dataset.HighBit = stated, stated - 1
        image = read_mammogram(save(dataset, tmp_path / 'a.dcm'))
        np.testing.assert_allclose(image.pixels, gradient((64, 64)) / 4095, atol=1e-6)
        assert image.header.bits_stored == 12
        assert any('12 bits' in doubt for doubt in image.header.doubts)

    def test_more_bits_are_usual_where_the_values_do_not_need_them(self, tmp_path):
        dataset = compressed(mammogram(gradient((64, 64)), BitsStored=16), JPEG2000Lossless)
        dataset.BitsStored, dataset.HighBit = 12, 11
        image = read_mammogram(save(dataset, tmp_path / 'a.dcm'))
        np.testing.assert_allclose(image.pixels, gradient((64, 64)) / 4095, atol=1e-6)
        assert not image.header.doubts


class TestRawPolarity:
    @pytest.mark.parametrize(
        ('sign', 'interpretation', 'is_inverted', 'is_odd'),
        [
            (1, 'MONOCHROME2', True, True), (-1, 'MONOCHROME2', False, False), (None, 'MONOCHROME2', False, False),
            (1, 'MONOCHROME1', True, False), (-1, 'MONOCHROME1', False, True), (None, 'MONOCHROME1', True, False),
        ],
    )  # fmt: skip
    def test_sign_says_whether_air_is_bright(self, tmp_path, sign, interpretation, is_inverted, is_odd):
        dataset = mammogram(
            gradient((64, 64)), PixelIntensityRelationshipSign=sign, PresentationIntentType='FOR PROCESSING',
            PhotometricInterpretation=interpretation,
        )  # fmt: skip
        image = read_mammogram(save(dataset, tmp_path / 'a.dcm'))
        assert (image.pixels[0, 0] > 0.5) == is_inverted == image.header.is_inverted
        assert any('inverted' in doubt for doubt in image.header.doubts) == is_odd

    def test_image_made_for_the_eye_follows_its_photometric_interpretation(self, tmp_path):
        dataset = mammogram(gradient((64, 64)), PixelIntensityRelationshipSign=1)
        assert read_mammogram(save(dataset, tmp_path / 'a.dcm')).pixels[0, 0] == 0


def test_window_that_no_value_reaches_is_replaced_and_said(tmp_path):
    dataset = mammogram(gradient((64, 64)), WindowCenter=30000, WindowWidth=1000)
    image = read_mammogram(save(dataset, tmp_path / 'a.dcm'))
    np.testing.assert_allclose(image.pixels, gradient((64, 64)) / 4095, atol=1e-6)
    assert any('outside all values' in doubt for doubt in image.header.doubts)


def _frame(center):
    return item(FrameVOILUTSequence=Sequence([item(WindowCenter=center, WindowWidth=1000)]))


def test_windows_that_differ_between_frames_are_said(tmp_path):
    frames = Sequence([_frame(center) for center in (1000, 1000, 2000)])
    header = read_header(
        save(dbt_volume(gradient((3, 64, 64)), PerFrameFunctionalGroupsSequence=frames), tmp_path / 'a.dcm')
    )
    assert any('2 different windows' in doubt for doubt in header.doubts)


def test_frames_have_their_own_windows_where_the_first_has_none(tmp_path):
    stored = np.stack([gradient((64, 64))] * 3)
    frames = Sequence([item(), _frame(1000), _frame(2000)])
    path = save(dbt_volume(stored, PerFrameFunctionalGroupsSequence=frames), tmp_path / 'a.dcm')
    image = open_image(path)
    read = list(image.iter_slices())
    np.testing.assert_allclose(read[0], stored[0] / 4095, atol=1e-6)
    for shown, center in zip(read[1:], (1000, 2000), strict=True):
        expected = ((stored[1].astype(float) - (center - 0.5)) / 999 + 0.5).clip(0, 1)
        np.testing.assert_allclose(shown, expected, atol=1e-6)
    assert any('3 different windows' in doubt for doubt in image.header.doubts)


@pytest.mark.parametrize('empty', ['', None])
def test_empty_window_of_a_frame_hides_no_other_one(tmp_path, empty):
    stored = np.stack([gradient((64, 64))] * 2)
    frames = Sequence([_frame(1000), _frame(1000)])
    for frame in frames:
        frame.FrameVOILUTSequence[0].WindowCenter = frame.FrameVOILUTSequence[0].WindowWidth = empty
    path = save(
        dbt_volume(stored, WindowCenter=1000, WindowWidth=1000, PerFrameFunctionalGroupsSequence=frames),
        tmp_path / 'a.dcm',
    )
    expected = ((stored[0].astype(float) - 999.5) / 999 + 0.5).clip(0, 1)
    np.testing.assert_allclose(next(iter(open_image(path).iter_slices([1]))), expected, atol=1e-6)


class TestSeriesOfSlices:
    def save_slices(self, tmp_path, changes):
        for number, (dataset, change) in enumerate(zip(ct_slices(gradient((2, 64, 64))), changes, strict=True)):
            for keyword, value in change.items():
                setattr(dataset, keyword, value)
            save(dataset, tmp_path / f'{number}.dcm')
        return tmp_path

    def test_windows_that_differ_are_said(self, tmp_path):
        windows = [{'WindowCenter': center, 'WindowWidth': 1000} for center in (1000, 2000)]
        header = open_image(self.save_slices(tmp_path, windows)).header
        assert any('slices have 2 different windows' in doubt for doubt in header.doubts)

    def test_depths_that_differ_without_a_window_are_refused(self, tmp_path):
        depths = [{'BitsStored': bits, 'HighBit': bits - 1} for bits in (12, 14)]
        assert 'no window' in open_image(self.save_slices(tmp_path, depths)).header.pixel_problem
