"""Attenuation of a compressed breast."""

import numpy as np
import pytest

from mammo_plugins.datasets.phantom.anatomy import BodySize, sample_breast
from mammo_plugins.datasets.phantom.compression import compress
from mammo_plugins.datasets.phantom.tissue import ViewTissue


def _volume(view, imaging, seed=0):
    tissue = ViewTissue(view, imaging, np.random.default_rng(seed))
    return np.stack([tissue.slice(index) for index in range(tissue.num_slices)])


@pytest.fixture(scope='module')
def volumes(views, imaging):
    return {position: _volume(view, imaging) for position, view in views.items()}


@pytest.mark.parametrize('position', ['CC', 'MLO'])
def test_air_attenuates_like_the_fat_that_is_subtracted(volumes, views, position):
    width = volumes[position].shape[2]
    air = views[position].skin_distance_mm[:, :width] == 0
    assert not volumes[position][:, air].any()


def test_skin_shows_as_a_bright_rim(volumes, views):
    view, volume = views['CC'], volumes['CC']
    distance = view.skin_distance_mm[:, : volume.shape[2]]
    middle = volume[len(volume) // 2]
    assert middle[(distance > 0) & (distance < 2)].mean() > 2 * abs(middle[(distance > 3.5) & (distance < 6)].mean())


def test_muscle_fills_the_upper_corner_of_mlo_only(volumes, views):
    muscle = views['MLO'].pectoral_mm[:, : volumes['MLO'].shape[2]] > 15
    assert volumes['MLO'].mean(0)[muscle].mean() > 2 * volumes['CC'].mean(0)[:20, :10].mean()


def test_both_views_hold_the_same_amount_of_tissue(volumes, views):
    """The views differ in muscle and compression, so only the order of magnitude is common."""
    totals = []
    for position, volume in volumes.items():
        view = views[position]
        breast = (view.skin_distance_mm[:, : volume.shape[2]] > 6) & (view.pectoral_mm[:, : volume.shape[2]] < -10)
        totals.append(volume[:, breast].mean())
    assert totals[0] == pytest.approx(totals[1], rel=0.5)


def test_denser_breasts_attenuate_more(imaging):
    means = []
    for density in 'ABCD':
        rng = np.random.default_rng(6)
        view = compress(sample_breast(rng, BodySize.sample(rng), density), 'CC', imaging)
        volume = _volume(view, imaging)
        means.append(volume[:, view.skin_distance_mm[:, : volume.shape[2]] > 6].mean())
    assert means == sorted(means)


def test_fine_grids_show_the_same_layout(anatomy, imaging, volumes):
    from dataclasses import replace

    fine = compress(anatomy, 'CC', replace(imaging, rows=512, columns=352))
    volume = _volume(fine, imaging=replace(imaging, rows=512, columns=352))
    coarse = volumes['CC'].mean(0)
    rows, columns = coarse.shape[0], min(coarse.shape[1], volume.shape[2] // 4)
    shrunk = volume.mean(0)[:, : 4 * columns].reshape(rows, 4, columns, 4).mean((1, 3))
    assert np.corrcoef(shrunk.ravel(), coarse[:, :columns].ravel())[0, 1] > 0.85
