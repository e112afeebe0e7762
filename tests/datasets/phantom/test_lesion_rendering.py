"""Findings as voxels."""

from dataclasses import replace

import numpy as np
import pytest

from mammo_plugins.datasets.phantom.compression import compress
from mammo_plugins.datasets.phantom.findings import FindingShape
from mammo_plugins.datasets.phantom.lesion_rendering import render_finding
from mammo_plugins.datasets.phantom.tissue import GLANDULAR

SHAPES = list(FindingShape)


@pytest.mark.parametrize('shape', SHAPES, ids=lambda shape: shape.value)
@pytest.mark.parametrize('position', ['CC', 'MLO'])
def test_patch_lies_around_the_centre_of_the_finding(views, make_finding, shape, position):
    view, finding = views[position], make_finding(shape)
    patch = render_finding(finding, view)
    x_mm, r_mm, z_mm = view.to_view_mm(np.array([finding.centre]))[0]
    row, column = view.to_pixels(x_mm, r_mm)
    rows, columns = np.nonzero(patch.silhouette)
    assert patch.top + rows.mean() == pytest.approx(row, abs=3)
    assert patch.left + columns.mean() == pytest.approx(column, abs=3)
    assert view.slice_z_mm[patch.best_slice] == pytest.approx(z_mm, abs=4.5)


@pytest.mark.parametrize('shape', SHAPES, ids=lambda shape: shape.value)
def test_both_views_show_one_body(views, make_finding, shape):
    """What a finding adds over fat, summed over its voxels, is the same from either direction."""
    totals = []
    for view in views.values():
        patch = render_finding(make_finding(shape), view)
        volume = np.zeros((len(view.slice_z_mm), *view.skin_distance_mm.shape), dtype=np.float32)
        for index, layer in enumerate(volume):
            patch.paint(layer, index)
        totals.append(volume.sum() * view.pixel_mm**2 * view.slice_mm)
    assert totals[0] > 0
    assert totals[0] == pytest.approx(totals[1], rel=0.15)


def test_mass_of_calcium_does_not_depend_on_pixel_spacing(anatomy, views, imaging, make_finding):
    from dataclasses import replace

    fine = compress(anatomy, 'CC', replace(imaging, rows=384, columns=264, slices=40))
    finding = make_finding(FindingShape.FINE_CALCIFICATIONS)
    masses = []
    for view in (views['CC'], fine):
        masses.append(render_finding(finding, view).extra.sum() * view.pixel_mm**2 * view.slice_mm)
    assert masses[0] == pytest.approx(masses[1], rel=0.1)


def test_inside_of_a_mass_is_the_tissue_of_the_mass(views, make_finding):
    patch = render_finding(make_finding(FindingShape.OVAL, radius_mm=9.0), views['CC'])
    layer = np.zeros(views['CC'].skin_distance_mm.shape, dtype=np.float32)
    patch.paint(layer, patch.best_slice)
    assert layer.max() == pytest.approx(1.5 * GLANDULAR, rel=0.02)
    assert layer.min() == 0


def test_lymph_node_has_a_fatty_hilum(views, make_finding):
    patch = render_finding(make_finding(FindingShape.LYMPH_NODE, radius_mm=9.0), views['CC'])
    layer = patch.share[patch.best_slice - patch.first_slice] > 0.9
    assert patch.target[patch.best_slice - patch.first_slice][layer].min() < 0.5 * 1.5 * GLANDULAR


def test_distortion_has_no_central_mass(views, make_finding):
    distortion = render_finding(make_finding(FindingShape.DISTORTION), views['CC'])
    mass = render_finding(make_finding(FindingShape.IRREGULAR), views['CC'])
    shares = [
        patch.share[patch.best_slice - patch.first_slice][patch.silhouette].mean() for patch in (distortion, mass)
    ]
    assert shares[0] < 0.5 * shares[1]


def test_spicules_reach_beyond_the_core(views, make_finding):
    view, reach = views['CC'], {}
    for shape in (FindingShape.SPICULATED, FindingShape.OVAL):
        finding = make_finding(shape)
        patch = render_finding(finding, view)
        x_mm, r_mm, _ = view.to_view_mm(np.array([finding.centre]))[0]
        row, column = view.to_pixels(x_mm, r_mm)
        rows, columns = np.mgrid[: patch.silhouette.shape[0], : patch.silhouette.shape[1]] + 0.5
        distance_mm = np.hypot(rows + patch.top - row, columns + patch.left - column) * view.pixel_mm
        reach[shape] = distance_mm[patch.share.max(0) > 0.15].max() / finding.radius_mm
    assert reach[FindingShape.SPICULATED] > 1.6
    assert reach[FindingShape.OVAL] < 1.5


def test_other_slices_are_left_alone(views, make_finding):
    patch = render_finding(make_finding(), views['CC'])
    layer = np.zeros(views['CC'].skin_distance_mm.shape, dtype=np.float32)
    patch.paint(layer, patch.first_slice - 1)
    patch.paint(layer, patch.first_slice + len(patch.share))
    assert not layer.any()


def test_mass_between_two_thick_slices_has_an_outline(anatomy, imaging, make_finding):
    view = compress(anatomy, 'CC', replace(imaging, slices=4))
    places = [make_finding(centre=(0.5, 0.05, w), radius_mm=5.5) for w in np.linspace(-0.4, 0.4, 9)]
    patches = [render_finding(finding, view) for finding in places]
    assert min(patch.share.max() for patch in patches) < 0.5 and all(patch.silhouette.any() for patch in patches)
