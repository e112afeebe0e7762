"""The generator and the discriminator of the paper, and what becomes of images in them."""

from __future__ import annotations

import pytest
import torch
from mmdet.registry import MODELS
from monai.networks.nets import PatchDiscriminator as MonaiDiscriminator
from torch import nn

from mammo_plugins.models.translation import PatchDiscriminator, ResNetGenerator
from tests.references.cycle_gan import receptive_field

SMALL = dict(width=4, blocks=2)


def convolutions(network: nn.Module) -> list[nn.Module]:
    return [module for module in network.modules() if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d))]


def size(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_networks_have_the_parameters_of_the_reference():
    generator = MODELS.build(dict(type='mmdet.ResNetGenerator'))
    discriminator = MODELS.build(dict(type='mmdet.PatchDiscriminator'))
    assert (size(generator), size(discriminator)) == (11_365_633, 6_957_505)
    assert (len(convolutions(generator)), len(convolutions(discriminator))) == (24, 6)


def test_discriminator_has_the_widths_strides_and_field_of_the_paper():
    layers = convolutions(PatchDiscriminator())
    assert [layer.out_channels for layer in layers] == [64, 128, 256, 512, 512, 1]
    strides = [layer.stride[0] for layer in layers]
    assert strides == [2, 2, 2, 2, 1, 1]
    assert receptive_field([4] * 6, strides) == 142
    with torch.device('meta'):
        assert PatchDiscriminator()(torch.zeros(1, 1, 512, 512)).shape == (1, 1, 30, 30)


def test_a_score_sees_142_pixels():
    discriminator = PatchDiscriminator(width=1)
    for module in discriminator.modules():
        if isinstance(module, nn.InstanceNorm2d):
            module.forward = lambda features: features  # it sees the whole image
    images = torch.rand(1, 1, 320, 320, requires_grad=True)
    discriminator.init_weights()
    discriminator(images)[0, 0, 9, 9].backward()
    rows, columns = torch.nonzero(images.grad[0, 0], as_tuple=True)
    assert (int(rows.max() - rows.min()) + 1, int(columns.max() - columns.min()) + 1) == (142, 142)


def test_discriminator_is_that_of_monai():
    """Of three layers: MONAI's goes on widening. Its convolutions have no bias that a norm would remove."""
    torch.manual_seed(0)
    ours = PatchDiscriminator(channels=1, width=4, num_layers=3)
    theirs = MonaiDiscriminator(
        spatial_dims=2, channels=4, in_channels=1, num_layers_d=3, norm='INSTANCE', last_conv_kernel_size=4
    )
    pairs = list(zip(convolutions(ours), convolutions(theirs), strict=True))
    for one, other in pairs:
        other.weight.data.copy_(one.weight.data)
        if other.bias is not None:
            other.bias.data.copy_(one.bias.data)
    assert sum(other.bias is None for _, other in pairs) == 3
    images = torch.randn(2, 1, 48, 64)
    torch.testing.assert_close(ours(images), theirs(images)[-1], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize('upsampling', ['transposed', 'resize'])
@pytest.mark.parametrize('shape', [(8, 8), (12, 20), (40, 16)])
def test_generator_keeps_the_size_and_stays_in_range(upsampling, shape):
    generator = ResNetGenerator(**SMALL, upsampling=upsampling)
    images = torch.rand(2, 1, *shape) * 2 - 1
    made = generator(images)
    assert made.shape == images.shape and made.abs().max() < 1
    made.sum().backward()
    assert all(parameter.grad is not None for parameter in generator.parameters())


def test_training_and_prediction_are_one_function_of_each_image_alone():
    generator = ResNetGenerator(**SMALL)
    images = torch.rand(3, 1, 16, 16)
    together = generator(images)
    alone = generator.eval()(images[1:2])
    torch.testing.assert_close(together[1:2], alone, atol=1e-6, rtol=1e-5)
    assert not list(generator.buffers())


def test_weights_start_small_and_biases_at_0():
    for network in (ResNetGenerator(width=16, blocks=1), PatchDiscriminator(width=16)):
        network.init_weights()
        for layer in convolutions(network):
            assert layer.bias.abs().max() == 0
        weights = torch.cat([layer.weight.flatten() for layer in convolutions(network)])
        assert weights.std().item() == pytest.approx(0.02, rel=0.02)


@pytest.mark.parametrize('shape', [(10, 12), (4, 8)])
def test_sides_that_do_not_fit_are_refused(shape):
    with pytest.raises(ValueError, match='multiples of 4, at least 8'):
        ResNetGenerator(**SMALL)(torch.zeros(1, 1, *shape))


def test_unknown_upsampling_is_refused():
    with pytest.raises(ValueError, match="one of transposed, resize, got 'bilinear'"):
        ResNetGenerator(upsampling='bilinear')
