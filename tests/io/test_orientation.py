"""Canonical orientation: exact round trips, and what the header and the pixels each decide."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammo_plugins.io.orientation import (
    OrientationFlips,
    canonical_flips,
    chest_wall_side,
    decide_way_up,
    is_sideways,
    is_stored_turned,
)
from mammo_plugins.structures import Laterality, ViewKey

FLIPS = st.builds(OrientationFlips, st.booleans(), st.booleans())


def breast(side: str, shape: tuple[int, int] = (12, 10)) -> np.ndarray:
    """A bright half image on a dark background, touching one edge."""
    pixels = np.zeros(shape, np.float32)
    columns = slice(0, shape[1] // 2) if side == 'left' else slice(shape[1] // 2, None)
    pixels[2:-2, columns] = 0.5
    return pixels


@given(FLIPS, st.integers(1, 7), st.integers(1, 9), st.integers(1, 3))
def test_flipping_twice_gives_the_same_pixels(flips, width, height, slices):
    pixels = np.arange(slices * height * width).reshape(slices, height, width)
    np.testing.assert_array_equal(flips.apply(flips.apply(pixels)), pixels)


@given(FLIPS, st.integers(1, 7000), st.integers(1, 7000))
def test_homography_is_its_own_inverse_exactly(flips, width, height):
    matrix = flips.homography(width, height)
    np.testing.assert_array_equal(matrix @ matrix, np.eye(3))


@given(FLIPS, st.data())
def test_homography_moves_a_box_with_its_pixels(flips, data):
    height, width = data.draw(st.integers(1, 12)), data.draw(st.integers(1, 12))
    x1, y1 = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    x2, y2 = data.draw(st.integers(x1 + 1, width)), data.draw(st.integers(y1 + 1, height))
    pixels = np.zeros((height, width))
    pixels[y1:y2, x1:x2] = 1

    corners = flips.homography(width, height) @ np.array([[x1, x2], [y1, y2], [1, 1]])
    left, right = sorted(corners[0].astype(int))
    top, bottom = sorted(corners[1].astype(int))
    moved = np.zeros_like(pixels)
    moved[top:bottom, left:right] = 1

    np.testing.assert_array_equal(flips.apply(pixels), moved)


@given(FLIPS, st.lists(st.floats(0, 900), min_size=4, max_size=4))
def test_box_moves_as_the_homography_says_and_back(flips, box):
    width, height = 2000, 1900
    moved = flips.apply_to_box(tuple(box), width, height)
    x, y, w, h = box
    corners = flips.homography(width, height) @ np.array([[x, x + w], [y, y + h], [1, 1]])
    np.testing.assert_allclose(moved[:2], corners[:2].min(axis=1))
    np.testing.assert_allclose(moved[2:], np.ptp(corners[:2], axis=1), atol=1e-9)
    np.testing.assert_allclose(flips.apply_to_box(moved, width, height), box, atol=1e-9)


@pytest.mark.parametrize('side', ['left', 'right'])
def test_chest_wall_is_where_the_breast_touches_the_edge(side):
    assert chest_wall_side(breast(side)) == side


def test_blank_border_columns_do_not_hide_the_chest_wall():
    pixels = breast('right', (40, 200))
    pixels[:, -4:] = 0
    assert chest_wall_side(pixels) == 'right'
    assert chest_wall_side(pixels, edge_columns=1) == 'left'  # what one column would say: a tie


@pytest.mark.parametrize('side', ['left', 'right'])
@pytest.mark.parametrize('width', [60, 200, 1000])
def test_one_bright_column_in_the_air_is_no_chest_wall(side, width):
    pixels = breast(side, (40, width)) / 4
    pixels[:, -1 if side == 'left' else 0] = 1
    assert chest_wall_side(pixels) == side


def test_blank_image_is_not_flipped():
    assert chest_wall_side(np.zeros((4, 4))) == 'left'


@pytest.mark.parametrize(
    ('difference', 'side'),
    [(0.0, 'left'), (1e-8, 'left'), (-1e-8, 'left'), (1e-6, 'right'), (-1e-6, 'left')],
)
def test_strips_that_differ_by_rounding_alone_are_equally_bright(difference, side):
    """Doubled, mirrored or summed in another order, the same image must not change its side."""
    pixels = np.full((400, 40), 0.3)
    pixels[:, -2:] *= 1 + difference
    assert chest_wall_side(pixels) == side


def test_image_that_is_its_own_mirror_image_is_not_flipped_however_it_is_summed():
    half = np.random.default_rng(0).random((1501, 50), np.float32)
    pixels = np.concatenate([half, half[:, ::-1]], axis=1)
    for same in (pixels, pixels[::-1], np.asfortranarray(pixels), pixels.astype(np.float64), pixels * np.float32(0.1)):
        assert chest_wall_side(same) == 'left'


def test_sum_of_a_tall_16_bit_edge_does_not_overflow():
    pixels = np.zeros((100_000, 3), np.uint16)
    pixels[:, 0] = 65535
    pixels[:60_000, 2] = 65535
    assert chest_wall_side(pixels) == 'left'


@pytest.mark.parametrize('shape', [(3, 4, 5), (0, 4), (4,)])
def test_anything_but_one_image_is_refused(shape):
    with pytest.raises(ValueError, match='one image'):
        chest_wall_side(np.zeros(shape))


@pytest.mark.parametrize('columns', [0, 11])
def test_strips_that_do_not_fit_are_refused(columns):
    with pytest.raises(ValueError, match='do not fit'):
        chest_wall_side(breast('left'), edge_columns=columns)


@pytest.mark.parametrize('rotated', [True, False])
@pytest.mark.parametrize('side', ['left', 'right'])
def test_record_decides_vertically_and_pixels_horizontally(side, rotated):
    flips = canonical_flips(breast(side), rotated_180=rotated)
    assert flips == OrientationFlips(horizontal=side == 'right', vertical=rotated)


@pytest.mark.parametrize('rotated', [True, False, None])
def test_image_that_record_and_header_call_turned_is_turned_once(rotated):
    flips = canonical_flips(breast('right'), rotated_180=rotated, patient_orientation=('P', 'H'))
    assert flips == OrientationFlips(horizontal=True, vertical=True)


@pytest.mark.parametrize(('side', 'orientation'), [('right', ('A', 'H')), ('left', ('P', 'HL'))])
def test_header_that_does_not_fit_the_pixels_is_doubted_and_not_used(side, orientation):
    decided = decide_way_up(breast(side), patient_orientation=orientation)
    assert decided.flips == OrientationFlips(horizontal=side == 'right') and decided.problem is None
    assert decided.doubt == (
        f'Patient Orientation {orientation[0]}\\{orientation[1]} does not fit the pixels, whose chest wall lies on the '
        f'{side}: not used'
    )


@pytest.mark.parametrize(
    ('view', 'orientation', 'upside_down'),
    [
        ('L-CC', ('A', 'R'), False),
        ('L-CC', ('P', 'L'), True),
        ('R-CC', ('P', 'L'), False),
        ('R-CC', ('A', 'R'), True),
        ('L-MLO', ('A', 'FR'), False),
        ('L-MLO', ('P', 'HL'), True),
        ('R-MLO', ('P', 'FL'), False),
        ('R-MLO', ('A', 'HR'), True),
        ('R-MLO', ('P', 'F'), False),
        ('R-ML', ('A', 'H'), True),
        # The first letter is the chief direction: a craniocaudal plane may lean a little, an oblique one leans much.
        ('L-CC', ('A', 'RH'), False),
        ('L-CC', ('A', 'LF'), True),
        ('R-CC', ('P', 'LH'), False),
        ('R-CC', ('P', 'RF'), True),
        ('R-XCCL', ('PF', 'LHA'), False),
        ('L-MLO', ('A', 'RF'), False),
        ('L-MLO', ('P', 'LH'), True),
        ('L-CC', ('MLO',), False),  # CBIS-DDSM writes the view here
        ('L-CC', ('', ''), False),
        ('L-CC', ('A', 'X'), False),
        (None, ('A', 'R'), False),
        ('L-CC', None, False),
    ],
)
def test_patient_orientation_decides_vertically_without_a_record(view, orientation, upside_down):
    key = ViewKey.parse(view) if view else None
    wall = 'right' if orientation and orientation[0] == 'P' else 'left'
    assert canonical_flips(breast(wall), patient_orientation=orientation, view=key).vertical is upside_down


@pytest.mark.parametrize('turns', [1, 3])
def test_image_stored_turned_by_90_degrees_is_refused(turns):
    with pytest.raises(ValueError, match=r'R\\P.*90 degrees'):
        canonical_flips(np.rot90(breast('left'), turns), patient_orientation=('R', 'P'), view=ViewKey.parse('L-CC'))


@pytest.mark.parametrize('orientation', [('FR', 'AL'), ('HL', 'PR'), ('L', 'AR')])
@pytest.mark.parametrize('view', ['L-MLO', 'R-CC'])
def test_letters_that_refine_do_not_hide_an_image_on_its_side(orientation, view):
    sideways = np.rot90(breast('left'))
    decided = decide_way_up(sideways, patient_orientation=orientation, view=ViewKey.parse(view))
    assert is_sideways(orientation) and '90 degrees, and so do the pixels' in decided.problem


@pytest.mark.parametrize('turns', [1, 3])
@pytest.mark.parametrize('orientation', [None, ('', ''), ('MLO',)])
def test_image_on_its_side_without_patient_orientation_is_doubted(turns, orientation):
    decided = decide_way_up(np.rot90(breast('left', (40, 30)), turns), patient_orientation=orientation)
    assert decided.problem is None
    assert decided.doubt == (
        'the breast touches 90% of the upper or lower edge and 0% of the left or right one: perhaps stored turned by '
        '90 degrees'
    )


@pytest.mark.parametrize('reach', [0.0, 0.9, 1.0])
def test_breast_that_reaches_the_upper_edge_beside_the_chest_wall_is_not_doubted(reach):
    pixels = np.zeros((200, 100))
    pixels[:180, :50] = 0.5
    pixels[:20, : round(100 * reach)] = 0.5
    assert decide_way_up(pixels).doubt is None


def test_upright_image_whose_header_calls_it_sideways_is_doubted():
    decided = decide_way_up(breast('left'), patient_orientation=('R', 'P'), view=ViewKey.parse('L-CC'))
    assert (decided.flips, decided.problem) == (OrientationFlips(), None)
    assert '90 degrees, the pixels do not' in decided.doubt


@pytest.mark.parametrize('side', list(Laterality))
def test_volume_whose_chest_wall_lies_on_the_other_side_is_turned(side):
    assert not is_stored_turned(breast('left' if side is Laterality.LEFT else 'right'), side)
    assert is_stored_turned(breast('right' if side is Laterality.LEFT else 'left'), side)


@pytest.mark.parametrize('side', list(Laterality))
def test_blank_outermost_column_does_not_turn_a_volume_but_by_the_rule_of_bcs_dbt(side):
    pixels = breast('left' if side is Laterality.LEFT else 'right', (40, 60))
    pixels[:, [0, -1]] = 0
    pixels[0, 0 if side is Laterality.RIGHT else -1] = 0.1
    assert not is_stored_turned(pixels, side)
    assert is_stored_turned(pixels, side, edge_columns=1)


@given(FLIPS, st.sampled_from(['left', 'right']))
def test_canonical_image_has_its_chest_wall_on_the_left(flips, side):
    stored = flips.apply(breast(side))
    assert chest_wall_side(canonical_flips(stored).apply(stored)) == 'left'
