import pytest
import torch
from mmdet.registry import MODELS

SIZES = [(16, 12), (8, 6), (4, 3)]


def build(**changes):
    config = dict(type='BiFPN', in_channels=[6, 8, 10], out_channels=4, num_cells=2)
    neck = MODELS.build({**config, **changes})
    neck.init_weights()
    return neck


def maps(channels=(6, 8, 10), sizes=SIZES):
    return [torch.randn(2, width, *size) for width, size in zip(channels, sizes, strict=True)]


@pytest.mark.parametrize('padding', ['', 'same'])
@pytest.mark.parametrize('fusion', ['fast', 'sum'])
def test_gives_every_level_at_its_size(fusion, padding):
    outputs = build(fusion=fusion, pool_padding=padding)(maps())
    assert [tuple(level.shape) for level in outputs] == [
        (2, 4, 16, 12), (2, 4, 8, 6), (2, 4, 4, 3), (2, 4, 2, 2), (2, 4, 1, 1),
    ]  # fmt: skip


@pytest.mark.parametrize('sizes', [[(17, 13), (9, 7), (5, 4)], [(1, 1), (1, 1), (1, 1)]])
def test_odd_sizes_pass(sizes):
    assert [tuple(level.shape[-2:]) for level in build()(maps(sizes=sizes))][:3] == sizes


def test_every_parameter_gets_a_gradient():
    neck = build()
    sum((level * torch.randn_like(level)).sum() for level in neck(maps())).backward()
    assert [name for name, parameter in neck.named_parameters() if parameter.grad is None] == []
    silent = [name for name, parameter in neck.named_parameters() if not parameter.grad.abs().sum() > 0]
    # A constant before a norm changes nothing.
    assert all(name.endswith('bias') for name in silent)


def test_first_cell_projects_each_consumer_on_its_own():
    """C3 feeds one fusion, C4 and C5 two each; P6 has its own projection. Later cells need none."""
    names = [name for name, _ in build().named_parameters()]
    projections = {name.split('.projections')[0] for name in names if '.projections.' in name}
    assert len(projections) == 5 and all(name.startswith('cells.0.') for name in projections)
    assert 'extra_projection.0.weight' in names


def test_max_pooling_pads_as_the_weights_were_made_for():
    """On 0..7, windows around even cells give 1, 3, 5, 7; TensorFlow's, which begin at even cells, give 2, 4, 6, 7."""
    ramp = torch.arange(8.0).reshape(1, 1, 1, 8).expand(1, 1, 8, 8)
    assert build(pool_padding='').extra_pools[0](ramp)[0, 0, 0].tolist() == [1, 3, 5, 7]
    assert build(pool_padding='same').extra_pools[0](ramp)[0, 0, 0].tolist() == [2, 4, 6, 7]


def test_as_many_levels_as_inputs_need_no_extra_one():
    neck = build(num_levels=3)
    assert len(neck(maps())) == 3
    assert not any(name.startswith('extra') for name, _ in neck.named_parameters())


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(fusion='softmax'), "fusion is one of fast, sum, got 'softmax'"),
        (dict(pool_padding='valid'), "pool_padding is '' or 'same', got 'valid'"),
        (dict(num_levels=2), '2 levels'),
        (dict(num_cells=0), '0 cells'),
    ],
)
def test_wrong_argument_is_named(changes, message):
    with pytest.raises(ValueError, match=message):
        build(**changes)


def test_another_number_of_maps_is_refused():
    with pytest.raises(ValueError, match='built for 3 maps, got 2'):
        build()(maps()[:2])
