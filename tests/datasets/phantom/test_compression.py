"""The breast frame and the compressed views."""

import numpy as np
import pytest

from mammo_plugins.datasets.phantom.anatomy import THICKEST_MM
from mammo_plugins.datasets.phantom.compression import VerticalExtent, compress

POSITIONS = ('CC', 'MLO')


def _points(count=300, seed=0):
    points = np.random.default_rng(seed).uniform(-1, 1, (count, 3))
    points[:, 0] = np.abs(points[:, 0])
    return points[(points**2).sum(1) < 0.7**2]


@pytest.mark.parametrize('position', POSITIONS)
def test_a_point_returns_from_the_view_to_its_place_in_the_breast(views, position):
    view, points = views[position], _points()
    x_mm, r_mm, z_mm = view.to_view_mm(points).T
    rows, columns = (value.astype(int) for value in view.to_pixels(x_mm, r_mm))
    inside = (rows >= 0) & (rows < view.half_thickness_mm.shape[0])
    share = z_mm[inside] / view.half_thickness_mm[rows[inside], columns[inside]]
    back = view.to_breast(x_mm[inside], r_mm[inside], share).T
    np.testing.assert_allclose(back, points[inside], atol=0.02)


@pytest.mark.parametrize('position', POSITIONS)
def test_a_point_keeps_its_distance_from_the_chest_wall_order_between_views(views, position):
    points = np.array([[0.2, 0, 0], [0.5, 0, 0], [0.9, 0, 0]])
    x_mm = views[position].to_view_mm(points)[:, 0]
    np.testing.assert_allclose(x_mm, points[:, 0] * views[position].anatomy.depth_mm, rtol=1e-5)


def test_cc_shows_lateral_up_and_mlo_shows_the_upper_outer_direction_up(views):
    lateral, cranial = np.array([[0.4, 0.5, 0.0]]), np.array([[0.4, 0.0, 0.5]])
    assert views['CC'].to_view_mm(lateral)[0, 1] > 10
    assert abs(views['CC'].to_view_mm(cranial)[0, 1]) < 1e-3
    assert views['MLO'].to_view_mm(lateral)[0, 1] > 10
    assert views['MLO'].to_view_mm(cranial)[0, 1] > 10


@pytest.mark.parametrize('position', POSITIONS)
def test_displacements_return(views, position):
    offsets = np.random.default_rng(1).normal(size=(3, 20))
    back = views[position].offsets_to_breast(*views[position].offsets_to_view(*offsets))
    np.testing.assert_allclose(back, offsets, atol=1e-6)


@pytest.mark.parametrize('position', POSITIONS)
def test_breast_touches_the_chest_wall_and_leaves_air_at_the_other_edge(views, position):
    inside = views[position].skin_distance_mm > 0
    assert inside[:, 0].mean() > 0.5
    assert not inside[:, -1].any()
    assert (inside.any(0).nonzero()[0] < views[position].columns_used).all()


def test_only_mlo_shows_the_pectoral_muscle_in_its_upper_corner(views):
    assert (views['CC'].pectoral_mm < 0).all()
    muscle = views['MLO'].pectoral_mm > 0
    assert muscle[0, 0]
    assert not muscle[-1].any()
    assert muscle[:10].mean() > muscle[40:50].mean() > 0


def test_mlo_reaches_the_upper_edge_and_cc_does_not(views):
    assert views['MLO'].skin_distance_mm[0].max() > 10
    assert views['CC'].skin_distance_mm[0].max() == 0


@pytest.mark.parametrize('position', POSITIONS)
def test_thickness_is_full_in_the_middle_and_falls_to_0_at_the_skin(views, position):
    view = views[position]
    assert view.half_thickness_mm.max() == pytest.approx(view.anatomy.thickness_mm / 2)
    near = (view.skin_distance_mm > 0) & (view.skin_distance_mm < 3)
    assert view.half_thickness_mm[near].max() < 0.6 * view.anatomy.thickness_mm / 2


def test_slices_fill_the_thickness(views, imaging):
    view = views['CC']
    assert view.thickness_mm == pytest.approx(view.anatomy.thickness_mm, rel=1e-5)
    assert len(view.slice_z_mm) == round(imaging.slices * view.anatomy.thickness_mm / THICKEST_MM)
    assert view.slice_z_mm.mean() == pytest.approx(0, abs=1e-4)


def test_pixel_spacing_does_not_change_the_breast(anatomy, views, imaging):
    from dataclasses import replace

    fine = compress(anatomy, 'CC', replace(imaging, rows=256, columns=176))
    point = np.array([[0.5, 0.2, -0.1]])
    np.testing.assert_allclose(fine.to_view_mm(point), views['CC'].to_view_mm(point), atol=0.7)
    area = [(view.skin_distance_mm > 0).sum() * view.pixel_mm**2 for view in (fine, views['CC'])]
    assert area[0] == pytest.approx(area[1], rel=0.02)


@pytest.mark.parametrize('extent', [VerticalExtent(80, 80), VerticalExtent(130, 65)])
def test_heights_return_and_their_scale_has_no_seam_at_the_nipple(extent):
    share = np.linspace(-1, 1, 41)
    np.testing.assert_allclose(extent.share(extent.height_mm(share)), share, atol=1e-12)
    assert extent.height_mm(np.array([-1, 1])).tolist() == [-extent.below_mm, extent.above_mm]
    slopes = np.diff(extent.height_mm(np.array([-1e-4, 0, 1e-4])))
    assert slopes[0] == pytest.approx(slopes[1], rel=1e-3)
