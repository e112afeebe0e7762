"""The leaning outline of the MLO, and the points that the tables say."""

from dataclasses import replace

import numpy as np
import pytest

from mammo_plugins.datasets.phantom.compression import compress
from mammo_plugins.structures.breast_landmarks import BreastLandmarks


@pytest.fixture(scope='module', name='leaning')
def leaning_fixture(anatomy, imaging):
    return compress(anatomy, 'MLO', replace(imaging, mlo_tilt_deg=20.0))


def outline(view):
    """x and y in mm of the skin at each row that the breast has."""
    inside = view.skin_distance_mm > 0
    rows = np.flatnonzero(inside.any(1))
    columns = inside.shape[1] - np.argmax(inside[rows, ::-1], axis=1)
    return columns * view.pixel_mm, (rows + 0.5) * view.pixel_mm


def test_nipple_stands_out_most_across_a_line_of_the_tilt(leaning):
    x, y = outline(leaning)
    across = x * np.cos(np.radians(20)) + y * np.sin(np.radians(20))
    nipple_x, nipple_y = leaning.nipple_mm
    assert nipple_x * np.cos(np.radians(20)) + nipple_y * np.sin(np.radians(20)) == pytest.approx(
        across.max(), abs=1.5 * leaning.pixel_mm
    )
    assert y[x.argmax()] < nipple_y - 10, 'the outermost column lies above the nipple'


def test_other_views_do_not_lean(anatomy, imaging, views):
    tilted = replace(imaging, mlo_tilt_deg=20.0)
    np.testing.assert_array_equal(compress(anatomy, 'CC', tilted).half_thickness_mm, views['CC'].half_thickness_mm)
    assert views['MLO'].lean == 0


def test_points_of_the_breast_come_back_from_the_leaning_view(leaning):
    points = np.array([[0.5, 0.1, 0.2], [0.3, -0.4, 0.1], [0.6, 0.2, -0.3], [0.1, -0.6, -0.6]])
    x, r, z = leaning.to_view_mm(points).T
    rows, columns = leaning.to_pixels(x, r)
    assert (leaning.skin_distance_mm[rows.astype(int), columns.astype(int)] > 0).all(), 'the lower end is there too'
    half = leaning.half_thickness_mm[rows.astype(int), columns.astype(int)]
    np.testing.assert_allclose(leaning.to_breast(x, r, z / half).T, points, atol=1e-4)


def test_pectoral_line_fits_the_border_of_the_muscle(leaning):
    wall = BreastLandmarks(leaning.nipple_mm, leaning.chest_wall_mm)
    rows, columns = np.nonzero(np.abs(leaning.pectoral_mm) < 0.5 * leaning.pixel_mm)
    border = (np.stack([columns, rows], axis=1) + 0.5) * leaning.pixel_mm
    distances = wall.to_chest_wall(border, signed=True)
    assert abs(distances.mean()) < 1 and np.abs(distances).max() < 5


def test_table_names_points_of_the_stored_image(release):
    for row in release.images[:8]:
        x, y, width, height = (float(row[name]) for name in ('nipple_x', 'nipple_y', 'width', 'height'))
        wall = [float(row[f'chest_wall_x{n}']) for n in (1, 2)]
        assert 0 < x < width and 0 < y < height
        assert min(abs(edge) for edge in wall) == 0 or max(wall) == pytest.approx(width), 'ends at the chest wall'
