import torch
from torch.nn import functional as F

from mammo_plugins.models.layers.separable_conv import SeparableConv


def test_is_a_depthwise_and_a_pointwise_convolution():
    conv = SeparableConv(4, 6)
    x = torch.randn(2, 4, 5, 7)
    padded = F.pad(x, (1, 1, 1, 1))
    spread = torch.stack(
        [sum(conv.depthwise.weight[c, 0, i, j] * padded[:, c, i : i + 5, j : j + 7] for i in range(3) for j in range(3))
         for c in range(4)], dim=1,
    )  # fmt: skip
    expected = torch.einsum('oc,nchw->nohw', conv.pointwise.weight[:, :, 0, 0], spread)
    torch.testing.assert_close(conv(x), expected + conv.pointwise.bias[:, None, None])


def test_every_parameter_gets_a_gradient():
    conv = SeparableConv(4, norm_cfg=dict(type='BN'))
    (conv(torch.randn(2, 4, 5, 7)) * torch.randn(2, 4, 5, 7)).sum().backward()
    assert conv(torch.zeros(1, 4, 2, 3)).shape == (1, 4, 2, 3)
    assert all(parameter.grad is not None for parameter in conv.parameters())


def test_bias_can_be_left_to_the_norm():
    names = {name for name, _ in SeparableConv(4, bias=False, norm_cfg=dict(type='BN')).named_parameters()}
    assert names == {'depthwise.weight', 'pointwise.weight', 'norm.weight', 'norm.bias'}
