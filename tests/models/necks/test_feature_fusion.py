"""Pyramids joined along channels."""

from __future__ import annotations

import pytest
import torch
from mmdet.registry import MODELS


def build(**arguments):
    return MODELS.build(dict(type='FeatureFusion', **arguments))


def pyramid(*values: float, sizes=(4, 2)) -> list[torch.Tensor]:
    channels = torch.tensor(values).reshape(1, -1, 1, 1)
    return [channels.expand(1, -1, size, size) for size in sizes]


@pytest.mark.parametrize(('groups', 'order'), [(1, [1, 2, 3, 4, 5, 6]), (2, [1, 2, 5, 3, 4, 6])])
def test_channels_are_joined_group_by_group(groups, order):
    neck = build(in_channels=(4, 2), num_groups=groups)
    joined = neck([pyramid(1, 2, 3, 4), pyramid(5, 6)])
    assert [tuple(level.shape) for level in joined] == [(1, 6, 4, 4), (1, 6, 2, 2)] and neck.out_channels == 6
    assert joined[0][0, :, 0, 0].tolist() == order


def test_branch_that_is_left_out_is_zero():
    (level,) = build(in_channels=(2, 3))([pyramid(1, 2, sizes=(2,)), None])
    assert level[0, :, 0, 0].tolist() == [1, 2, 0, 0, 0]


@pytest.mark.parametrize('pyramids', [[None, None], [pyramid(1, 2)]])
def test_too_few_branches_are_named(pyramids):
    with pytest.raises(ValueError, match='2 pyramids are joined'):
        build(in_channels=(2, 2))(pyramids)


def test_groups_that_do_not_divide_are_named():
    with pytest.raises(ValueError, match=r'in_channels \(3, 4\) are no multiples of num_groups 2'):
        build(in_channels=(3, 4), num_groups=2)
