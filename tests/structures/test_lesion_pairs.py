"""Pairs of findings by their distances."""

import numpy as np
import pytest

from mammo_plugins.structures.lesion_pairs import pair_lesions

INF = np.inf


@pytest.mark.parametrize(
    ('distances', 'pairs'),
    [
        ([[1.0]], [(0, 0)]),  # one below the limit
        ([[5.0]], []),  # at the limit is no pair
        ([[1.0, 2.0], [0.5, 4.0]], [(1, 0), (0, 1)]),  # the closest first; the other takes what is left
        ([[1.0, 6.0], [0.5, 7.0]], [(1, 0)]),  # what is left is too far
        ([[2.0, 2.0]], [(0, 0)]),  # of equals the earlier
        ([[INF, np.nan]], []),
    ],
)
def test_pairs(distances, pairs):
    assert pair_lesions(np.array(distances), 5.0) == pairs


def test_views_without_findings_have_no_pairs():
    assert pair_lesions(np.zeros((0, 3)), 5.0) == pair_lesions(np.zeros((2, 0)), 5.0) == []


def test_swapping_the_views_swaps_the_pairs():
    distances = np.random.default_rng(0).uniform(0, 10, (5, 4))
    assert [(j, i) for i, j in pair_lesions(distances, 6)] == pair_lesions(distances.T, 6)
