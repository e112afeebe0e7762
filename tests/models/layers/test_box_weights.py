"""Positions in findings weigh more."""

from __future__ import annotations

import torch

from mammo_plugins.models.layers.box_weights import box_weights


def test_positions_whose_centre_is_in_a_box_weigh_more():
    boxes = [torch.tensor([[0.0, 0, 20, 10], [30, 30, 40, 40]]), torch.zeros(0, 4)]
    fine, coarse = box_weights(boxes, [torch.zeros(2, 3, 4, 4), torch.zeros(2, 3, 1, 2)], (40, 40), extra=4.0)
    wanted = torch.ones(4, 4)
    wanted[0, :2] = 5  # centres at 5 and 15 pixels; that at 25 is outside
    wanted[3, 3] = 5
    assert torch.equal(fine[0, 0], wanted) and torch.equal(fine[1, 0], torch.ones(4, 4))
    assert coarse.shape == (2, 1, 1, 2) and torch.equal(coarse, torch.ones(2, 1, 1, 2))
