"""Distances to nipple and chest wall, by hand."""

import numpy as np
import pytest

from mammo_plugins.structures.breast_landmarks import ANNOTATED, BreastLandmarks
from mammo_plugins.structures.geometry import scale_homography, shift_homography

# A muscle along the line from (30, 0) to (0, 40): 3-4-5. The nipple lies below and right of it.
OBLIQUE = BreastLandmarks((80.0, 60.0), (30.0, 0.0, 0.0, 40.0))
FLIP = np.array([[-1.0, 0, 100], [0, 1, 0], [0, 0, 1]])


def test_distances_of_a_three_four_five_triangle():
    # The corner (0, 0) of the muscle is 30 * 40 / 50 = 24 from its long side; (30, 40) lies as far on the other side.
    points = np.array([[0.0, 0.0], [30.0, 40.0], [30.0, 0.0]])
    np.testing.assert_allclose(OBLIQUE.to_chest_wall(points, signed=True), [-24, 24, 0], atol=1e-9)
    np.testing.assert_allclose(OBLIQUE.to_chest_wall(points), [0, 24, 0], atol=1e-9)
    np.testing.assert_allclose(OBLIQUE.to_nipple(points), [100, np.hypot(50, 20), np.hypot(50, 60)])
    assert OBLIQUE.depth() == pytest.approx((80 * 40 + 60 * 30 - 30 * 40) / 50)


def test_distances_are_in_mm_of_each_axis():
    edge = BreastLandmarks((50.0, 20.0), (0.0, 0.0, 0.0, 40.0))
    assert edge.to_chest_wall(np.array([[10.0, 5.0]]), (0.5, 3.0)).tolist() == [5.0]
    np.testing.assert_allclose(edge.to_nipple(np.array([[10.0, 5.0]]), (0.5, 3.0)), [np.hypot(20, 45)])


@pytest.mark.parametrize(
    'move', [FLIP, shift_homography(7, -3), scale_homography(2, 2)], ids=['flip', 'shift', 'scale']
)
def test_distances_move_with_the_image(move):
    point = np.array([[33.0, 21.0]])
    moved_point = (move @ [33.0, 21.0, 1.0])[None, :2]
    moved, factor = OBLIQUE.moved(move), abs(move[1, 1])
    np.testing.assert_allclose(moved.to_chest_wall(moved_point), factor * OBLIQUE.to_chest_wall(point))
    np.testing.assert_allclose(moved.to_nipple(moved_point), factor * OBLIQUE.to_nipple(point))
    back = moved.moved(np.linalg.inv(move))
    np.testing.assert_allclose([*back.nipple_xy, *back.chest_wall_xyxy], [80, 60, 30, 0, 0, 40], atol=1e-9)


def test_errors_have_the_wanted_mean():
    rng = np.random.default_rng(0)
    pixel = (0.5, 0.5)
    shaken = [OBLIQUE.shaken(rng, 6.0, pixel) for _ in range(4000)]
    nipple = [0.5 * np.hypot(s.nipple_xy[0] - 80, s.nipple_xy[1] - 60) for s in shaken]
    wall = [abs(s.to_chest_wall(np.array([[30.0, 0.0]]), pixel, signed=True)[0]) for s in shaken]
    assert np.mean(nipple) == pytest.approx(6, abs=0.3) and np.mean(wall) == pytest.approx(6, abs=0.3)


def test_what_spans_no_breast_is_refused():
    for nipple, wall in (((5.0, 5.0), (0.0, 0.0, 0.0, 0.0)), ((0.0, 5.0), (0.0, 0.0, 0.0, 9.0))):
        with pytest.raises(ValueError, match='span no breast'):
            BreastLandmarks(nipple, wall)
    with pytest.raises(ValueError, match="one of annotated, estimated, assumed, got 'guessed'"):
        BreastLandmarks((5.0, 5.0), (0.0, 0.0, 0.0, 9.0), 'guessed', ANNOTATED)
