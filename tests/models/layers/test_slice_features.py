from __future__ import annotations

import pytest
import torch
from mmdet.registry import MODELS

from mammo_plugins.models.layers import SliceFeatures
from tests.models.small_models import HIDDEN, STRIDES, roi_extractor_config

IMAGES, PROPOSALS = 6, 4


@pytest.fixture
def extractor():
    return MODELS.build(dict(_scope_='mmdet', **roi_extractor_config()))


def levels(dtype=torch.float32, requires_grad=False):
    return [torch.randn(IMAGES, HIDDEN, 64 // s, 64 // s, dtype=dtype, requires_grad=requires_grad) for s in STRIDES]


def rois_of(images):
    corner = torch.rand(len(images), PROPOSALS, 2) * 30
    boxes = torch.cat([corner, corner + 5 + torch.rand(len(images), PROPOSALS, 2) * 25], dim=-1)
    index = torch.tensor(images, dtype=torch.float32)[:, None, None].expand(-1, PROPOSALS, 1)
    return torch.cat([index, boxes], dim=-1).flatten(0, 1)


@pytest.mark.parametrize('sizes', [(6,), (1,) * 6, (4, 2), (2, 3, 1)])
@pytest.mark.parametrize('images', [[0, 1, 2, 3, 4, 5], [1, 4, 5], [3]])
def test_pieces_pool_as_the_whole_does(extractor, sizes, images):
    whole, rois = levels(), rois_of(images)
    pieces = SliceFeatures(tuple(zip(*(level.split(sizes) for level in whole))))
    torch.testing.assert_close(pieces.pool(extractor, rois, images), extractor(whole, rois), rtol=0, atol=0)


def test_gradients_of_pieces_are_those_of_the_whole(extractor):
    whole, rois = levels(requires_grad=True), rois_of(list(range(IMAGES)))
    parts = [[piece.detach().requires_grad_() for piece in level.split(2)] for level in whole]
    SliceFeatures((tuple(whole),)).pool(extractor, rois, range(IMAGES)).square().sum().backward()
    SliceFeatures(tuple(zip(*parts))).pool(extractor, rois, range(IMAGES)).square().sum().backward()
    for level, pieces in zip(whole, parts):
        torch.testing.assert_close(torch.cat([piece.grad for piece in pieces]), level.grad)


def test_half_precision_is_pooled_in_full(extractor):
    whole, rois = levels(torch.bfloat16), rois_of([0, 5])
    pooled = SliceFeatures((tuple(whole),)).pool(extractor, rois, [0, 5])
    assert pooled.dtype == torch.float32
    torch.testing.assert_close(pooled, extractor([level.float() for level in whole], rois), rtol=0, atol=0)
