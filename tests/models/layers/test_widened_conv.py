"""A widened convolution begins as the narrow one."""

from __future__ import annotations

import pytest
import torch

from mammo_plugins.models.layers.separable_conv import SeparableConv
from mammo_plugins.models.layers.widened_conv import start_from_narrow


def test_further_channels_count_for_nothing_at_first_and_can_learn():
    narrow, wide = SeparableConv(3, 4, norm_cfg=dict(type='BN')), SeparableConv(5, 4, norm_cfg=dict(type='BN'))
    kernels = wide.depthwise.weight[3:].clone()
    start_from_narrow(wide.eval(), narrow.eval())
    x = torch.randn(2, 5, 6, 6)
    torch.testing.assert_close(wide(x), narrow(x[:, :3]))
    assert torch.equal(wide.depthwise.weight[3:], kernels) and not wide.pointwise.weight[:, 3:].any()
    wide(x).square().sum().backward()
    assert (wide.pointwise.weight.grad[:, 3:] != 0).all()


@pytest.mark.parametrize('shape', [(2, 4), (5, 3)])
def test_convolution_that_is_no_wider_one_is_refused(shape):
    with pytest.raises(ValueError, match=rf'3 to 4 channels do not fit into {shape[0]} to {shape[1]} channels'):
        start_from_narrow(SeparableConv(*shape), SeparableConv(3, 4))
