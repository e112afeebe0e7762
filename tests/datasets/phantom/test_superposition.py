"""Overlapping normal tissue."""

import numpy as np
import pytest

from mammo_plugins.datasets.phantom.acquisition import acquire
from mammo_plugins.datasets.phantom.findings import FindingShape
from mammo_plugins.datasets.phantom.lesion_rendering import render_finding
from mammo_plugins.datasets.phantom.reconstruction import filter_projections, reconstruct_slices
from mammo_plugins.datasets.phantom.superposition import sample_superpositions
from mammo_plugins.datasets.phantom.tissue import ViewTissue
from mammo_plugins.datasets.phantom.vendor_style import vendor_style
from mammo_plugins.datasets.phantom.visibility import Scene


def test_overlap_fakes_a_mass_in_the_projection_but_in_no_slice(views, imaging, make_finding):
    view, vendor = views['CC'], vendor_style('C')
    tissue = ViewTissue(view, imaging, np.random.default_rng(0))
    mass = render_finding(make_finding(FindingShape.OVAL), view)
    overlaps = sample_superpositions(np.random.default_rng(3), view, [], 4.0)[:6]

    def contrast(drawn, row, column):
        images = [
            acquire(tissue, Scene.uniform(patches), imaging, vendor, np.random.default_rng(1))
            for patches in ([], drawn)
        ]
        volumes = [
            np.stack(
                list(
                    reconstruct_slices(
                        filter_projections(image.tomosynthesis, image.tangents, view), image.tangents, view, True
                    )
                )
            )
            for image in images
        ]
        near = np.s_[row - 1 : row + 2, column - 1 : column + 2]
        projected = (images[1].mammogram - images[0].mammogram)[near].mean()
        return projected, (volumes[1] - volumes[0])[(slice(None), *near)].mean((1, 2)).max()

    places = [
        (patch.top + patch.share.shape[1] // 2, patch.left + patch.share.shape[2] // 2) for patch in (mass, overlaps[0])
    ]
    mass_projected, mass_in_slice = contrast([mass], *places[0])
    fake_projected, fake_in_slice = contrast(overlaps, *places[1])
    assert fake_projected > 0.25 * mass_projected
    assert fake_in_slice / fake_projected < 0.8 * mass_in_slice / mass_projected


def test_overlaps_keep_clear_of_findings(views, make_finding):
    view = views['CC']
    patch = render_finding(make_finding(), view)
    taken = np.zeros(view.skin_distance_mm.shape, dtype=bool)
    rows, columns = patch.silhouette.shape
    taken[patch.top : patch.top + rows, patch.left : patch.left + columns] = True
    for seed in range(10):
        for layer in sample_superpositions(np.random.default_rng(seed), view, [patch], 3.0):
            row, column = layer.top + layer.share.shape[1] // 2, layer.left + layer.share.shape[2] // 2
            assert not taken[row, column]


@pytest.mark.parametrize('position', ['CC', 'MLO'])
def test_none_are_drawn_at_a_mean_of_0(views, position):
    assert sample_superpositions(np.random.default_rng(0), views[position], [], 0.0) == []
