"""Chain codes against a slow walk, and what the parser makes of them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mammo_plugins.datasets.converters.ddsm.chain_outlines import box_of_outline, polygon_of_outline
from mammo_plugins.datasets.converters.ddsm.overlay import parse_overlay, trace_chain
from tests.datasets.converters.ddsm_release import abnormality, box_chain, overlay

# The compass: 0 is north (one row less), then clockwise.
COMPASS = {'N': (0, -1), 'NE': (1, -1), 'E': (1, 0), 'SE': (1, 1), 'S': (0, 1), 'SW': (-1, 1), 'W': (-1, 0),
           'NW': (-1, -1)}  # fmt: skip


@given(st.integers(0, 50), st.integers(0, 50), st.lists(st.integers(0, 7), max_size=40))
def test_chain_walks_north_first_and_then_clockwise(column, row, directions):
    expected = [(column, row)]
    for direction in directions:
        dx, dy = list(COMPASS.values())[direction]
        expected.append((expected[-1][0] + dx, expected[-1][1] + dy))
    traced = trace_chain([str(value) for value in (column, row, *directions)])
    np.testing.assert_array_equal(traced, expected)


def test_start_is_column_then_row():
    np.testing.assert_array_equal(trace_chain(['7', '3']), [[7, 3]])


def test_chain_may_be_broken_into_lines():
    text = overlay(abnormality(chain='4 6 2 2\n4 4 6 6\n0 0 #'))
    (found,) = parse_overlay(text).abnormalities
    assert found.problem is None and len(found.boundary_xy) == 9


def test_second_lesion_type_adds_its_descriptors():
    lesion = 'MASS SHAPE OVAL MARGINS OBSCURED\nLESION_TYPE CALCIFICATION TYPE COARSE DISTRIBUTION LINEAR'
    (found,) = parse_overlay(overlay(abnormality(lesion=lesion))).abnormalities
    assert found.kinds == ['MASS', 'CALCIFICATION']
    assert found.descriptors == {'SHAPE': 'OVAL', 'MARGINS': 'OBSCURED', 'TYPE': 'COARSE', 'DISTRIBUTION': 'LINEAR'}


def test_cores_follow_the_boundary_of_their_own_abnormality():
    core = f'\tCORE\n{box_chain((5, 7, 2, 2))}\n'
    first, second = parse_overlay(overlay(abnormality(after=core), abnormality(box=(9, 9, 3, 3)))).abnormalities
    assert (first.num_cores, second.num_cores) == (1, 0)
    assert box_of_outline(first.boundary_xy) == (4, 6, 5, 7) and box_of_outline(second.boundary_xy) == (9, 9, 3, 3)


def test_text_that_is_no_overlay_holds_nothing():
    assert parse_overlay('4 6 2 2 #\nBOUNDARY\n4 6 2 #\n\n').abnormalities == ()


def test_polygon_of_a_diamond_keeps_its_corners_only():
    outline = trace_chain('5 2 3 3 5 5 7 7 1 1'.split())
    assert polygon_of_outline(outline, 20, 20) == [[5.5, 2.5, 7.5, 4.5, 5.5, 6.5, 3.5, 4.5]]


@given(st.integers(-5, 15), st.integers(-5, 15), st.integers(2, 12), st.integers(2, 12))
def test_polygon_of_a_box_has_the_area_inside_the_image(x, y, width, height):
    outline = trace_chain(box_chain((x + 5, y + 5, width, height)).split()[:-1]) - 5
    left, right = np.clip([x + 0.5, x + width - 0.5], 0, 14)
    top, bottom = np.clip([y + 0.5, y + height - 0.5], 0, 11)
    polygon = polygon_of_outline(outline, 14, 11)
    if (right - left) * (bottom - top) == 0:
        assert polygon is None
        return
    points = np.reshape(polygon, (-1, 2))
    shifted = np.roll(points, -1, axis=0)
    area = abs((points[:, 0] * shifted[:, 1] - points[:, 1] * shifted[:, 0]).sum()) / 2
    assert np.isclose(area, (right - left) * (bottom - top))
