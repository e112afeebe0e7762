"""Projections."""

from dataclasses import replace

import numpy as np
import pytest

from mammo_plugins.datasets.phantom.acquisition import acquire, add_shifted, tube_tangents
from mammo_plugins.datasets.phantom.findings import FindingShape
from mammo_plugins.datasets.phantom.lesion_rendering import render_finding
from mammo_plugins.datasets.phantom.tissue import ViewTissue
from mammo_plugins.datasets.phantom.vendor_style import vendor_style
from mammo_plugins.datasets.phantom.visibility import Scene


def _reference_shift(image, rows):
    """Every row gathers from ``rows`` above by linear interpolation; rows from outside are 0."""
    moved = np.zeros_like(image)
    for row in range(len(image)):
        for source in range(len(image)):
            moved[row] += max(0.0, 1 - abs(row - rows - source)) * image[source]
    return moved


@pytest.mark.parametrize('rows', [0, 1, -2, 0.25, -1.75, 4.5, 40, -40])
def test_shift_agrees_with_interpolation(rows):
    image = np.random.default_rng(0).normal(size=(12, 5)).astype(np.float32)
    target = np.ones_like(image)
    add_shifted(target, image, rows, exact=True)
    np.testing.assert_allclose(target, 1 + _reference_shift(image, rows), atol=1e-6)


def test_whole_row_shifts_round():
    image = np.random.default_rng(0).normal(size=(12, 5)).astype(np.float32)
    target = np.zeros_like(image)
    add_shifted(target, image, 1.8, exact=False)
    np.testing.assert_array_equal(target, _reference_shift(image, 2).astype(np.float32))


@pytest.fixture(scope='module')
def quiet(views, imaging, make_finding):
    """A breast with a mass, imaged without noise."""
    imaging = replace(imaging, ffdm_noise=0.0, dbt_noise=0.0)
    view, vendor = views['CC'], vendor_style('A')
    tissue = ViewTissue(view, imaging, np.random.default_rng(0))
    patch = render_finding(make_finding(FindingShape.OVAL), view)
    images = [
        acquire(tissue, Scene.uniform(drawn), imaging, vendor, np.random.default_rng(1)) for drawn in ([], [patch])
    ]
    return view, tissue, patch, images


def test_straight_projection_is_the_sum_of_the_slices(quiet):
    view, tissue, _, (plain, _) = quiet
    integral = sum(tissue.slice(index) for index in range(tissue.num_slices)) * view.slice_mm
    middle = len(plain.tangents) // 2
    assert plain.tangents[middle] == pytest.approx(0)
    np.testing.assert_allclose(plain.tomosynthesis[middle], integral, atol=1e-4)


def test_tilting_the_tube_moves_tissue_but_keeps_its_amount(quiet):
    *_, (plain, _) = quiet
    totals = plain.tomosynthesis.sum((1, 2))
    np.testing.assert_allclose(totals, totals[len(totals) // 2], rtol=2e-3)


def test_mass_is_faint_but_present_in_the_mammogram(quiet):
    view, _, patch, (plain, marked) = quiet
    rows, columns = (size // 2 for size in patch.silhouette.shape)
    row, column = patch.top + rows, patch.left + columns
    added = marked.mammogram[row, column] - plain.mammogram[row, column]
    assert 0.05 < added < plain.mammogram.max()


def test_mammogram_loses_contrast_to_scatter(quiet):
    *_, (plain, _) = quiet
    middle = plain.tomosynthesis[len(plain.tangents) // 2]
    assert 0.6 < plain.mammogram.std() / middle.std() < 1.0


def test_noise_grows_behind_thick_tissue(views, imaging):
    view, vendor = views['CC'], vendor_style('A')
    tissue = ViewTissue(view, imaging, np.random.default_rng(0))
    noisy, again = (
        acquire(tissue, Scene.uniform([]), imaging, vendor, np.random.default_rng(seed)).mammogram for seed in (1, 2)
    )
    half = view.half_thickness_mm[:, : tissue.shape[1]]
    difference = noisy - again
    assert difference[half > 0.9 * half.max()].std() > 1.5 * difference[half == 0].std()


def test_tangents_span_the_sweep():
    tangents = tube_tangents(vendor_style('C'))
    assert len(tangents) == 15
    np.testing.assert_allclose(np.rad2deg(np.arctan(tangents[[0, -1]])), [-25, 25])
