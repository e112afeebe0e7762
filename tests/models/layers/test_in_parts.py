"""What goes through in parts comes out as in one."""

from __future__ import annotations

import pytest
import torch

from mammo_plugins.models.layers import in_parts as module
from mammo_plugins.models.layers.in_parts import in_parts

ROWS = torch.arange(20.0).view(10, 2)


class Recorded:
    def __init__(self):
        self.sizes = []

    def __call__(self, rows):
        self.sizes.append(len(rows))
        return rows * 3


@pytest.mark.parametrize(('written_per_row', 'sizes'), [(1, [10]), (25, [4, 4, 2]), (100, [1] * 10), (1000, [1] * 10)])
@torch.no_grad()
def test_no_part_writes_more_than_its_share_but_for_single_rows(monkeypatch, written_per_row, sizes):
    monkeypatch.setattr(module, 'WRITTEN_AT_ONCE', 100)
    function = Recorded()
    assert torch.equal(in_parts(function, ROWS, written_per_row), ROWS * 3)
    assert function.sizes == sizes


def test_training_takes_all_at_once(monkeypatch):
    monkeypatch.setattr(module, 'WRITTEN_AT_ONCE', 1)
    function = Recorded()
    in_parts(function, ROWS, 100)
    assert function.sizes == [10]


@torch.no_grad()
def test_no_rows_go_through():
    assert in_parts(Recorded(), ROWS[:0], 5).shape == (0, 2)
