"""Reconstructed slices and synthetic mammograms."""

from dataclasses import replace

import numpy as np
import pytest

from mammo_plugins.datasets.phantom.acquisition import Projections, acquire, add_shifted, tube_tangents
from mammo_plugins.datasets.phantom.findings import FindingShape
from mammo_plugins.datasets.phantom.lesion_rendering import render_finding
from mammo_plugins.datasets.phantom.reconstruction import (
    SyntheticMammogram,
    filter_projections,
    filter_response,
    reconstruct_slices,
)
from mammo_plugins.datasets.phantom.tissue import ViewTissue
from mammo_plugins.datasets.phantom.vendor_style import vendor_style
from mammo_plugins.datasets.phantom.visibility import Scene


def _reconstruct(projections, view):
    filtered = filter_projections(projections.tomosynthesis, projections.tangents, view)
    return np.stack(list(reconstruct_slices(filtered, projections.tangents, view, True)))


def _project_points(view, points, height=128, width=40):
    """Projections of single voxels ``(slice, row, column)``."""
    tangents = tube_tangents(vendor_style('C'))
    stack = np.zeros((len(tangents), height, width), dtype=np.float32)
    for index, row, column in points:
        spot = np.zeros((height, width), dtype=np.float32)
        spot[row, column] = view.slice_mm
        for projection, tangent in zip(stack, tangents):
            add_shifted(projection, spot, view.slice_z_mm[index] * tangent / view.pixel_mm, exact=True)
    return Projections(stack.sum(0), stack, tangents, stack)


@pytest.mark.parametrize('index', [3, 8, 14])
def test_a_speck_returns_to_its_voxel(views, index):
    view = views['CC']
    volume = _reconstruct(_project_points(view, [(index, 60, 20)]), view)
    assert np.unravel_index(volume.argmax(), volume.shape) == (index, 60, 20)


def test_a_speck_blurs_out_of_its_plane_along_the_tube_only(views):
    view = views['CC']
    volume = _reconstruct(_project_points(view, [(4, 60, 20)]), view)
    assert volume[12].max() < 0.35 * volume[4].max()
    assert np.abs(np.delete(volume, 20, axis=2)).max() < 1e-6


def test_mass_blurs_out_of_its_plane(anatomy, views, imaging, make_finding):
    """Difference of a breast with and without a mass, so that only the mass is judged."""
    imaging = replace(imaging, ffdm_noise=0.0, dbt_noise=0.0, slices=32)
    from mammo_plugins.datasets.phantom.compression import compress

    view = compress(anatomy, 'CC', imaging)
    tissue = ViewTissue(view, imaging, np.random.default_rng(0))
    patch = render_finding(make_finding(FindingShape.OVAL, radius_mm=5.0), view)
    plain, marked = (
        _reconstruct(acquire(tissue, Scene.uniform(drawn), imaging, vendor_style('C'), np.random.default_rng(1)), view)
        for drawn in ([], [patch])
    )
    rows, columns = (size // 2 for size in patch.silhouette.shape)
    profile = (marked - plain)[:, patch.top + rows, patch.left + columns]
    best = int(profile.argmax())
    assert abs(best - patch.best_slice) <= 2
    for index in (best - 8, best + 8):
        if 0 <= index < len(profile):
            assert profile[index] < 0.7 * profile[best]


def test_filter_passes_the_mean_and_limits_the_ramp():
    frequency = np.linspace(0, 5, 501)
    response = filter_response(frequency, 0.4, thickness_mm=50, slice_mm=1)
    assert response[0] == pytest.approx(1 / 50)
    assert response[20] == pytest.approx(np.hypot(0.8 * 0.2, 1 / 50), rel=0.05)
    assert response.max() <= 1
    assert not response[frequency > 2.5].any()


def test_synthetic_mammogram_lies_between_mean_and_maximum():
    slices = np.random.default_rng(0).normal(size=(9, 8, 6)).astype(np.float32)
    images = []
    for share in (0.0, 1.0):
        synthetic = SyntheticMammogram(share)
        for image in slices:
            synthetic.add(image)
        images.append(synthetic.image())
    np.testing.assert_allclose(images[0], 2 * slices.mean(0), atol=1e-5)
    slabs = [slices[max(0, last - 2) : last + 1].mean(0) for last in range(9)]
    np.testing.assert_allclose(images[1], np.max(slabs, axis=0), atol=1e-5)


def test_synthetic_mammogram_without_slices_is_refused():
    with pytest.raises(ValueError, match='at least one slice'):
        SyntheticMammogram().image()
