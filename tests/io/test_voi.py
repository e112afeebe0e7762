"""Intensities: window functions against the standard's formulas, polarity, padding and policies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.pixels import apply_voi_lut

from mammo_plugins.io.voi import VOI_POLICIES, IntensityRules, LookUpTable, Window, to_intensities
from tests.references.voi import FUNCTIONS

STORED = np.array([[0, 100, 2000], [2048, 3000, 4095]], np.uint16)
PLAIN = IntensityRules(bits_stored=12)
WINDOW = Window(2000, 1000)
TABLE = LookUpTable(1000, np.array([0, 10, 200, 255], np.float32), 255)


@given(
    st.sampled_from(sorted(FUNCTIONS)),
    st.floats(-2000, 6000),
    st.floats(2, 5000),
    st.lists(st.integers(-2048, 4095), min_size=1, max_size=8),
)
def test_window_follows_the_formula_of_the_standard(function, center, width, values):
    expected = [FUNCTIONS[function](x, center, width) for x in values]
    actual = Window(center, width, function).apply(np.array(values, np.float32))
    np.testing.assert_allclose(actual, expected, atol=1e-5 + 1e-3 / width)


def test_linear_window_of_width_1_is_a_step():
    values = np.array([9, 9.5, 9.6, 10], np.float32)
    np.testing.assert_array_equal(Window(10, 1).apply(values), [FUNCTIONS['LINEAR'](x, 10, 1) for x in values])


@pytest.mark.parametrize('function', sorted(FUNCTIONS))
def test_window_agrees_with_pydicom(function):
    dataset = Dataset()
    dataset.WindowCenter, dataset.WindowWidth, dataset.VOILUTFunction = 2000, 1000, function
    dataset.PhotometricInterpretation, dataset.BitsStored, dataset.PixelRepresentation = 'MONOCHROME2', 12, 0
    expected = apply_voi_lut(STORED, dataset) / 4095
    np.testing.assert_allclose(Window(2000, 1000, function).apply(STORED.astype(np.float32)), expected, atol=1e-6)


@pytest.mark.parametrize('function', ['LINEAR', 'SIGMOID'])
def test_values_far_from_the_window_do_not_overflow(function):
    with np.errstate(over='raise'):
        ends = Window(10, 1, function).apply(np.array([-60000, 60000], np.float32))
    np.testing.assert_allclose(ends, [0, 1], atol=1e-6)


def test_table_repeats_its_ends_outside_the_mapped_values():
    np.testing.assert_array_equal(TABLE.apply(np.array([0, 1000, 1001, 1003, 9999])), [0, 0, 10, 255, 255])


def test_auto_prefers_the_table_then_the_window_then_the_stored_range():
    both = replace(PLAIN, window=WINDOW, voi_table=TABLE)
    np.testing.assert_array_equal(to_intensities(STORED, both), to_intensities(STORED, both, 'lut'))
    window_only = replace(PLAIN, window=WINDOW)
    np.testing.assert_array_equal(to_intensities(STORED, window_only), to_intensities(STORED, window_only, 'window'))
    np.testing.assert_array_equal(to_intensities(STORED, PLAIN), to_intensities(STORED, PLAIN, 'none'))


def test_none_divides_by_the_largest_value_that_bits_stored_allows():
    np.testing.assert_allclose(to_intensities(STORED, PLAIN, 'none'), STORED / 4095, atol=1e-7)


def test_stored_values_above_bits_stored_are_clipped():
    assert to_intensities(STORED, replace(PLAIN, bits_stored=10), 'none').max() == 1


def test_sigmoid_policy_overrides_the_stored_function():
    rules = replace(PLAIN, window=WINDOW)
    expected = replace(PLAIN, window=replace(WINDOW, function='SIGMOID'))
    np.testing.assert_array_equal(to_intensities(STORED, rules, 'sigmoid'), to_intensities(STORED, expected, 'window'))


def test_raw_image_is_stretched_from_its_smallest_to_its_largest_value():
    raw = replace(PLAIN, bits_stored=14, for_processing=True, window=WINDOW)
    pixels = to_intensities(STORED, raw)
    assert pixels.min() == 0 and pixels.max() == 1


def test_padding_does_not_take_part_in_stretching():
    raw = replace(PLAIN, for_processing=True, padding=(4095, 4095))
    assert to_intensities(STORED, raw)[1, 1] == 1  # 3000, the largest value of the image itself


def test_constant_raw_image_is_black():
    raw = replace(PLAIN, for_processing=True)
    assert to_intensities(np.full((2, 2), 7, np.uint16), raw).max() == 0


def test_raw_image_that_is_all_padding_is_black():
    raw = replace(PLAIN, for_processing=True, padding=(0, 4095), is_inverted=True)
    assert to_intensities(STORED, raw).max() == 0


@pytest.mark.parametrize('voi', ['auto', 'none', 'window', 'lut', 'sigmoid'])
def test_monochrome1_turns_every_policy_around(voi):
    rules = replace(PLAIN, window=WINDOW, voi_table=TABLE)
    inverted = replace(rules, is_inverted=True)
    np.testing.assert_allclose(to_intensities(STORED, inverted, voi), 1 - to_intensities(STORED, rules, voi), atol=1e-6)


@pytest.mark.parametrize('is_inverted', [False, True])
def test_padding_at_the_maximum_becomes_background(is_inverted):
    rules = replace(PLAIN, padding=(4095, 4095), is_inverted=is_inverted)
    assert to_intensities(STORED, rules)[1, 2] == 0


def test_padding_range_becomes_background_and_its_neighbours_do_not():
    pixels = to_intensities(STORED, replace(PLAIN, padding=(100, 2000)), 'none')
    np.testing.assert_array_equal(pixels == 0, [[True, True, True], [False, False, False]])


def test_rescale_moves_the_window_not_the_range():
    rescaled = replace(PLAIN, slope=2.0, intercept=-1000.0)
    np.testing.assert_allclose(to_intensities(STORED, rescaled, 'none'), STORED / 4095, atol=1e-6)
    window = Window(2 * 2000 - 1000, 2 * 1000, 'LINEAR_EXACT')
    np.testing.assert_allclose(
        to_intensities(STORED, replace(rescaled, window=window)),
        to_intensities(STORED, replace(PLAIN, window=Window(2000, 1000, 'LINEAR_EXACT'))),
        atol=1e-6,
    )


def test_negative_slope_turns_the_image_around():
    rules = replace(PLAIN, slope=-1.0, intercept=4095.0)
    np.testing.assert_allclose(to_intensities(STORED, rules, 'none'), 1 - STORED / 4095, atol=1e-6)


def test_signed_values_use_their_whole_range():
    signed = np.array([[-2048, 0, 2047]], np.int16)
    pixels = to_intensities(signed, replace(PLAIN, is_signed=True), 'none')
    np.testing.assert_allclose(pixels, [[0, 2048 / 4095, 1]], atol=1e-6)


def test_modality_table_comes_before_the_window():
    table = LookUpTable(0, np.arange(4096, dtype=np.float32)[::-1], 4095)
    rules = replace(PLAIN, modality_table=table)
    np.testing.assert_allclose(to_intensities(STORED, rules, 'none'), 1 - STORED / 4095, atol=1e-6)


@pytest.mark.parametrize('voi', ['window', 'sigmoid', 'lut'])
def test_policy_without_what_it_needs_is_an_error(voi):
    with pytest.raises(ValueError, match='the header holds no .*voi="auto"'):
        to_intensities(STORED, PLAIN, voi)


def test_unknown_policy_is_an_error():
    with pytest.raises(ValueError, match="unknown VOI policy 'minmax': expected one of auto, none"):
        to_intensities(STORED, PLAIN, 'minmax')


@given(
    st.sampled_from(VOI_POLICIES),
    st.booleans(),
    st.booleans(),
    st.floats(-4000, 4000),
    st.floats(1e-3, 5000),
    st.sampled_from([None, (0, 0), (4095, 4095), (5, 4000)]),
)
def test_intensities_are_always_between_0_and_1(voi, inverted, raw, center, width, padding):
    rules = IntensityRules(12, is_inverted=inverted, for_processing=raw, padding=padding, window=Window(center, width))
    rules = replace(rules, voi_table=TABLE)
    pixels = to_intensities(STORED, rules, voi)
    assert pixels.dtype == np.float32 and pixels.shape == STORED.shape
    assert pixels.min() >= 0 and pixels.max() <= 1


@given(st.sampled_from(['none', 'window', 'sigmoid']), st.floats(0, 4000), st.floats(2, 5000), st.booleans())
def test_denser_never_becomes_darker(voi, center, width, inverted):
    stored = np.arange(0, 4096, 7, dtype=np.uint16)[None]
    rules = IntensityRules(12, is_inverted=inverted, window=Window(center, width))
    steps = np.diff(to_intensities(stored, rules, voi)[0])
    assert (steps <= 1e-6).all() if inverted else (steps >= -1e-6).all()
