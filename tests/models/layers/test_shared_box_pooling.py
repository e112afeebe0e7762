"""Pooling boxes that slices share gives what RoIAlign gives slice by slice."""

from __future__ import annotations

import weakref

import pytest
import torch
from mmdet.registry import MODELS

from mammo_plugins.models.layers.shared_box_pooling import SharedBoxPooling
from mammo_plugins.models.layers.slice_layout import SliceLayout
from tests.models.small_models import HIDDEN, STRIDES, roi_extractor_config

LAYOUT = SliceLayout(slice_counts=(3, 1, 4), partners=(1, 0, -1))
SIDE = 96
HEIGHT = 160  # levels that are not square


@pytest.fixture(autouse=True)
def prediction():
    with torch.no_grad():
        yield


@pytest.fixture
def extractor():
    return MODELS.build(dict(_scope_='mmdet', **roi_extractor_config()))


def levels():
    return [torch.randn(8, HIDDEN, HEIGHT // s, SIDE // s, dtype=torch.float64) for s in STRIDES]


def boxes_of(count, seed=0):
    """Small ones and large ones, inside, across the border and far outside."""
    torch.manual_seed(seed)
    corner = (torch.rand(count, 2, dtype=torch.float64) - 0.2) * 1.4 * SIDE
    return torch.cat([corner, corner + torch.rand(count, 2, dtype=torch.float64) ** 3 * 2 * SIDE], dim=1)


def slice_by_slice(extractor, whole, boxes, view):
    """(N, S, D, k, k) by the extractor."""
    images = LAYOUT.slice_images_of([view])
    rois = [torch.cat([torch.full((len(boxes), 1), image, dtype=boxes.dtype), boxes], dim=1) for image in images]
    return extractor(whole, torch.cat(rois)).unflatten(0, (len(images), len(boxes))).transpose(0, 1)


@pytest.mark.parametrize('view', range(3))
@pytest.mark.parametrize('sizes', [(8,), (2, 2, 4), (1,) * 8])
def test_boxes_are_pooled_as_by_the_extractor(extractor, view, sizes):
    whole, boxes = levels(), boxes_of(60, view)
    assert len(extractor.map_roi_levels(torch.cat([boxes[:, :1], boxes], 1), 4).unique()) > 1
    pieces = zip(*(level.split(sizes) for level in whole))
    pooled = SharedBoxPooling(pieces, LAYOUT).pool(extractor, boxes[None].expand(3, -1, -1), [view])
    torch.testing.assert_close(pooled.tensor(), slice_by_slice(extractor, whole, boxes, view), rtol=1e-9, atol=1e-9)


def test_views_of_equal_slices_are_pooled_one_after_the_other(extractor):
    layout = SliceLayout(slice_counts=(4, 4), partners=(1, 0))
    boxes = torch.stack([boxes_of(7, 1), boxes_of(7, 2)])
    pooling = SharedBoxPooling([levels()], layout)
    both = pooling.pool(extractor, boxes, [0, 1]).tensor()
    assert both.shape == (14, 4, HIDDEN, 7, 7)
    torch.testing.assert_close(both[7:], pooling.pool(extractor, boxes, [1]).tensor())


def test_views_may_differ_in_size(extractor):
    layout = SliceLayout(slice_counts=(2, 2), partners=(1, 0))
    sizes = ((64, 96), (96, 32))
    pieces = tuple(
        tuple(torch.randn(2, HIDDEN, height // s, width // s, dtype=torch.float64) for s in STRIDES)
        for height, width in sizes
    )
    boxes = torch.stack([boxes_of(20, 1), boxes_of(20, 2)])
    both = SharedBoxPooling(pieces, layout).pool(extractor, boxes, [0, 1]).tensor()
    for view, piece in enumerate(pieces):
        alone = SharedBoxPooling([piece], SliceLayout((2,), (-1,))).pool(extractor, boxes[[view]], [0])
        torch.testing.assert_close(both.unflatten(0, (2, 20))[view], alone.tensor())


@pytest.mark.parametrize('at_once', [1, 4, 10, 100])
def test_boxes_come_slice_by_slice_and_each_once(extractor, at_once):
    boxes = torch.stack([boxes_of(10, 1), boxes_of(10, 2)])
    pooled = SharedBoxPooling([levels()], SliceLayout((4, 4), (1, 0))).pool(extractor, boxes, [0, 1])
    assert pooled.shape == (20, 4, HIDDEN, 7, 7)
    expected = pooled.tensor().flatten(3).transpose(2, 3)
    seen = []
    for positions, slices in pooled.by_slice(at_once):
        assert len(positions) <= at_once and (positions // 10).unique().numel() == 1
        torch.testing.assert_close(torch.stack(list(slices), dim=1), expected[positions])
        seen += positions.tolist()
    assert sorted(seen) == list(range(20))


def test_neighbours_come_together(extractor):
    corners = torch.tensor([[0.0, 0.0], [60.0, 60.0], [2.0, 0.0], [60.0, 58.0]], dtype=torch.float64)
    boxes = torch.cat([corners, corners + 20], dim=1)[None].expand(3, -1, -1)
    pooled = SharedBoxPooling([levels()], LAYOUT).pool(extractor, boxes, [1])
    assert [set(positions.tolist()) for positions, _ in pooled.by_slice(2)] == [{0, 2}, {1, 3}]


def test_pieces_are_laid_out_as_they_come():
    alive = []

    def pieces():
        for piece in zip(*(level.split(2) for level in levels())):
            held = [level.clone() for level in piece]
            assert all(reference() is None for reference in alive)
            alive.extend(weakref.ref(level) for level in held)
            yield held
            del held

    SharedBoxPooling(pieces(), LAYOUT)
    assert len(alive) == 4 * len(STRIDES)


def test_no_box_is_no_feature(extractor):
    pooled = SharedBoxPooling([levels()], LAYOUT).pool(extractor, boxes_of(0)[None], [2])
    assert pooled.tensor().shape == (0, 4, HIDDEN, 7, 7)


def test_box_that_is_no_number_reads_nothing(extractor):
    boxes = torch.tensor([[float('nan')] * 4, [0.0, 0.0, float('inf'), 9.0], [5.0, 5.0, 20.0, 20.0]])
    pooled = SharedBoxPooling([[level.float() for level in levels()]], LAYOUT)
    found = pooled.pool(extractor, boxes[None], [0]).tensor()
    assert found[:2].eq(0).all() and found[2].isfinite().all() and found[2].any()


def test_box_turned_inside_out_has_no_features_as_in_the_extractor(extractor):
    boxes = torch.tensor([[30.0, 10.0, 20.0, 20.0], [5.0, 5.0, 20.0, 20.0]], dtype=torch.float64)
    whole = levels()
    pooled = SharedBoxPooling([whole], LAYOUT).pool(extractor, boxes[None], [0]).tensor()
    torch.testing.assert_close(pooled, slice_by_slice(extractor, whole, boxes, 0))
    assert not pooled[0].any() and pooled[1].any()


def test_half_precision_is_pooled_in_full(extractor):
    half = [level.bfloat16() for level in levels()]
    boxes = boxes_of(9).float()
    pooled = SharedBoxPooling([half], LAYOUT).pool(extractor, boxes[None], [0]).tensor()
    assert pooled.dtype == torch.float32
    expected = slice_by_slice(extractor, [level.float() for level in half], boxes, 0)
    torch.testing.assert_close(pooled, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize('change', [{'sampling_ratio': 0}, {'pool_mode': 'max'}, {'aligned': False}])
def test_other_poolings_are_left_to_the_extractor(extractor, change):
    assert SharedBoxPooling.suits(extractor, torch.device('cpu'))
    for name, value in change.items():
        setattr(extractor.roi_layers[0], name, value)
    assert not SharedBoxPooling.suits(extractor, torch.device('cpu'))


def test_other_layers_are_left_to_the_extractor():
    layer = dict(type='RoIPool', output_size=7)
    extractor = MODELS.build(dict(_scope_='mmdet', **{**roi_extractor_config(), 'roi_layer': layer}))
    assert not SharedBoxPooling.suits(extractor, torch.device('cpu'))


def test_training_and_a_gpu_are_left_to_the_extractor(extractor):
    assert not SharedBoxPooling.suits(extractor, torch.device('cuda'))
    with torch.enable_grad():
        assert not SharedBoxPooling.suits(extractor, torch.device('cpu'))


def test_gradients_are_refused_rather_than_lost(extractor):
    pooling = SharedBoxPooling([levels()], LAYOUT)
    with torch.enable_grad(), pytest.raises(RuntimeError, match='hold them again'):
        pooling.pool(extractor, boxes_of(3)[None].expand(3, -1, -1), [0])
