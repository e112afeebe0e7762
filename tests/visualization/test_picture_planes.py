"""Planes as text, and how they are reduced."""

from __future__ import annotations

import base64
import zlib

import numpy as np
import pytest

from mammo_plugins.visualization.picture_planes import encode_plane, fit_stacks, reduce_planes, reduction_factor

RNG = np.random.default_rng(0)


def decoded(text, shape, dtype):
    """The slow inverse of what was packed."""
    packed = zlib.decompress(base64.b64decode(text))
    values = np.frombuffer(packed, np.uint8).astype(np.uint32)
    if dtype == np.uint16:
        low, high = values.reshape(2, -1)
        folded = (low + 256 * high).astype(np.int64)
        values = np.where(folded % 2, -(folded + 1) // 2, folded // 2)
    return (np.cumsum(values.reshape(shape), axis=1) % (np.iinfo(dtype).max + 1)).astype(dtype)


@pytest.mark.parametrize('dtype', [np.uint8, np.uint16])
def test_plane_comes_back(dtype):
    plane = RNG.integers(0, np.iinfo(dtype).max, (7, 11), dtype, endpoint=True)
    np.testing.assert_array_equal(decoded(encode_plane(plane), plane.shape, dtype), plane)


def test_smooth_plane_of_12_bits_takes_less_than_a_byte_a_pixel():
    rows, columns = np.mgrid[:200, :200]
    plane = (2000 + 10 * rows + 4 * columns + RNG.normal(0, 8, rows.shape)).clip(0, 4095).astype(np.uint16)
    assert len(encode_plane(plane)) < plane.size


def test_reduced_pixels_are_rounded_means_and_edges_repeat():
    plane = np.array([[0, 1, 10], [1, 1, 11], [100, 100, 7]], np.uint16)
    np.testing.assert_array_equal(reduce_planes(plane, 2), [[1, 11], [100, 7]])  # 0.75, 10.5; the halves go up
    np.testing.assert_array_equal(reduce_planes(plane[None], 2)[0], reduce_planes(plane, 2))
    assert reduce_planes(plane, 1) is plane and reduce_planes(plane, 2).dtype == np.uint16


@pytest.mark.parametrize(('height', 'limit', 'factor'), [(2457, 640, 4), (640, 640, 1), (641, 640, 2), (2457, 0, 1)])
def test_factor_is_the_smallest_whole_number_that_fits(height, limit, factor):
    assert reduction_factor(height, limit) == factor


def test_stacks_are_reduced_together_until_they_fit():
    stacks = [RNG.integers(0, 4096, shape, np.uint16) for shape in ((3, 400, 300), (1, 200, 100))]
    whole = fit_stacks(stacks, 10**7)
    assert [stack.factor for stack in whole] == [1, 1] and [len(stack.texts) for stack in whole] == [3, 1]
    small = fit_stacks(stacks, 200_000)
    assert sum(len(text) for stack in small for text in stack.texts) <= 200_000
    assert small[0].factor > 1 and small[0].height == -(-400 // small[0].factor)


def test_more_than_fits_is_refused():
    with pytest.raises(ValueError, match='40 frames take more than the 1000 bytes .* show fewer cases or slices'):
        fit_stacks([RNG.integers(0, 255, (40, 300, 300), np.uint8)], 1000)
