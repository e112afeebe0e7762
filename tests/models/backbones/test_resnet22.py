import pytest
import torch
from torch.nn import functional as F

from tests.models.small_models import build


def test_maps_of_the_paper_have_its_sizes():
    with torch.device('meta'):
        maps = build(dict(type='ResNet22'))(torch.empty(1, 1, 2944, 1920))
    assert [tuple(level.shape[1:]) for level in maps] == [(64, 184, 120), (128, 92, 60), (256, 46, 30)]


def test_global_module_has_the_weights_of_the_release():
    module = build(dict(type='GlobalModule', backbone=dict(type='ResNet22')))
    combine = 2 * 6  # in the released file, used by nothing
    assert sum(parameter.numel() for parameter in module.parameters()) == 2_800_444 - combine


def test_last_map_has_passed_a_relu_and_the_others_have_not():
    maps = build(dict(type='ResNet22'))(torch.randn(2, 1, 128, 64))
    assert (maps[2] >= 0).all() and all((level < 0).any() for level in maps[:2])


def test_all_maps_pass_a_norm_and_a_relu_where_asked_for():
    images = torch.randn(2, 1, 128, 64)
    torch.manual_seed(0)
    plain = build(dict(type='ResNet22'))(images)
    torch.manual_seed(0)
    module = build(dict(type='ResNet22', norm_outputs=True))
    maps = module(images)
    for found, raw in zip(maps[:2], plain[:2]):
        torch.testing.assert_close(found, F.batch_norm(raw, None, None, training=True).relu())
    torch.testing.assert_close(maps[2], plain[2])
    assert sorted(module.output_norms) == ['2', '3']


@pytest.mark.parametrize('shape', [(64, 64), (128, 64), (192, 320)])
def test_any_size_that_the_strides_divide(shape):
    maps = build(dict(type='ResNet22', out_indices=(4, 2))).eval()(torch.randn(1, 1, *shape))
    assert [tuple(level.shape[-2:]) for level in maps] == [
        (shape[0] // 64, shape[1] // 64), (shape[0] // 16, shape[1] // 16)
    ]  # fmt: skip


@pytest.mark.parametrize(('padding', 'cells'), [(0, (31, 15)), (1, (32, 16))])
def test_padded_pooling_keeps_all_rows_where_no_stage_shrinks(padding, cells):
    config = dict(type='ResNet22', channels=[8, 8], strides=[1, 1], blocks=1, out_indices=[0, 1], pool_padding=padding)
    for level in build(config)(torch.randn(2, 1, 128, 64)):
        assert level.shape[-2:] == cells


def test_other_sizes_are_refused():
    with pytest.raises(ValueError, match=r'multiples of 64, got \(H, W\) = \(64, 80\)'):
        build(dict(type='ResNet22'))(torch.zeros(1, 1, 64, 80))


@pytest.mark.parametrize('changes', [dict(strides=(1, 2)), dict(blocks=0), dict(out_indices=(5,))])
def test_stages_that_do_not_agree_are_refused(changes):
    with pytest.raises(ValueError, match='stages do not agree'):
        build(dict(type='ResNet22', **changes))


@pytest.mark.parametrize('name', ['ResNet22', 'LocalModule'])
def test_computing_again_changes_nothing(name):
    local = dict(type='ResNet', depth=18, out_indices=(3,), norm_eval=False, zero_init_residual=False)
    arguments = {'ResNet22': {}, 'LocalModule': dict(backbone=local)}[name]
    images = torch.randn(2, 1, 64, 64)
    outcomes = []
    for recompute in (False, True):
        torch.manual_seed(0)
        module = build(dict(type=name, recompute=recompute, **arguments)).train()
        sum(level.square().sum() for level in module(images)).backward()
        outcomes.append(({n: p.grad for n, p in module.named_parameters()}, dict(module.named_buffers())))
    for plain, again in zip(*outcomes):
        assert plain.keys() == again.keys() and all(torch.equal(plain[key], again[key]) for key in plain)
