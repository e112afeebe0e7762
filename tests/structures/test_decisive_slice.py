from __future__ import annotations

import numpy as np
import pytest
import torch

from mammo_plugins.structures.decisive_slice import WEIGHT_TOLERANCE, decisive_slice

CASES = {
    'largest': ([0.1, 0.2, 0.7], 2),
    'exactly equal': ([0.2, 0.4, 0.4], 1),
    'later one larger by rounding': ([0.2, 0.4, np.nextafter(0.4, 1)], 1),
    'later one larger by less than the tolerance': ([0.2, 0.4, 0.4 / (1 - 0.9 * WEIGHT_TOLERANCE)], 1),
    'later one larger by more than the tolerance': ([0.2, 0.4, 0.4 / (1 - 1.1 * WEIGHT_TOLERANCE)], 2),
    'all equal': ([0.25] * 4, 0),
    'all zero': ([0.0] * 3, 0),
    'one slice': ([1.0], 0),
}


@pytest.mark.parametrize('name', CASES)
@pytest.mark.parametrize('number_type', [torch.float32, torch.float64])
def test_lowest_of_equal_weights(name, number_type):
    weights, expected = CASES[name]
    assert decisive_slice(torch.tensor(weights, dtype=number_type)) == expected
    assert decisive_slice(np.array(weights)) == expected


def test_rows_are_decided_each_for_itself():
    weights = torch.tensor([[[0.5, 0.5], [0.1, 0.9]]])
    assert decisive_slice(weights).tolist() == decisive_slice(weights.numpy()).tolist() == [[0, 1]]
