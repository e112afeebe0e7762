"""One breast in its own frame."""

import numpy as np
import pytest

from mammo_plugins.datasets.phantom.anatomy import (
    GLANDULAR_FRACTION,
    THICKEST_MM,
    BodySize,
    glandular_share,
    sample_breast,
)


def _mean_share(density, seed):
    rng = np.random.default_rng(seed)
    breast = sample_breast(rng, BodySize.sample(rng), density)
    points = np.random.default_rng(99).uniform(-1, 1, (3, 40000)).astype(np.float32)
    points[0] = np.abs(points[0])
    return glandular_share(breast.fields.levels(*points[:, (points**2).sum(0) < 1])[0]).mean()


@pytest.mark.parametrize('density', 'ABCD')
def test_glandular_fraction_is_that_of_the_density_category(density):
    assert _mean_share(density, 0) == pytest.approx(GLANDULAR_FRACTION[density], rel=0.12)


def test_denser_categories_hold_more_glandular_tissue():
    shares = [_mean_share(density, 1) for density in 'ABCD']
    assert shares == sorted(shares)
    assert shares[3] > 4 * shares[0]


def test_glandular_tissue_lies_behind_the_nipple_and_not_under_the_skin(anatomy):
    rng = np.random.default_rng(0)
    direction = np.abs(rng.normal(size=(3, 4000))).astype(np.float32)
    direction[1:] *= rng.choice([-1, 1], (2, 4000))
    direction /= np.linalg.norm(direction, axis=0)
    under_skin = glandular_share(anatomy.fields.levels(*(np.float32(0.96) * direction))[0]).mean()
    inside = glandular_share(anatomy.fields.levels(*(np.float32(0.45) * direction))[0]).mean()
    assert inside > 5 * under_skin


def test_one_seed_gives_one_breast():
    first, second = (
        sample_breast(np.random.default_rng(8), BodySize.sample(np.random.default_rng(9)), 'C') for _ in range(2)
    )
    np.testing.assert_array_equal(first.fields.gland, second.fields.gland)
    assert first.fields.threshold == second.fields.threshold


def test_vessels_stay_inside_of_the_breast(anatomy):
    for points, radius_mm in anatomy.vessels:
        assert ((points**2).sum(1) < 1).all()
        assert (points[:, 0] > 0).all()
        assert 0 < radius_mm < 2


def test_body_sizes_are_those_of_adults():
    bodies = [BodySize.sample(np.random.default_rng(seed)) for seed in range(50)]
    assert all(55 < body.depth_mm < 115 for body in bodies)
    assert all(0.6 * THICKEST_MM < body.thickness_mm <= THICKEST_MM for body in bodies)
