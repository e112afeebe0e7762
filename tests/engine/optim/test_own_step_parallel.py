"""A generator and a discriminator with an optimiser each: two processes train as one."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.registry import MODEL_WRAPPERS

import tests.toy_models  # noqa: F401
from mammo_plugins.apis.train import train
from mammo_plugins.registration import engine
from tests.warm_processes import run_in_two

CONFIG = """
custom_imports = dict(imports=['mammo_plugins.registration', 'tests.toy_models'], allow_failed_imports=False)
default_scope = 'mmdet'
model = dict(type='ToyGan')
model_wrapper_cfg = dict(type='OwnStepDataParallel')
train_dataloader = dict(
    batch_size=4,
    num_workers=0,
    dataset=dict(type='ToyNumbers'),
    sampler=dict(type='InfiniteSampler', seed=0, shuffle=False),
    collate_fn=dict(type='default_collate'),
)
optim_wrapper = dict(
    constructor='ModuleOptimConstructor',
    generator=dict(optimizer=dict(type='Adam', lr=0.01), clip_grad=dict(max_norm=0.5)),
    discriminator=dict(optimizer=dict(type='SGD', lr=0.1, momentum=0.9)),
)
param_scheduler = dict(
    generator=[dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=6)],
    discriminator=[dict(type='MultiStepLR', milestones=[4], by_epoch=False)],
)
train_cfg = dict(type='IterBasedTrainLoop', max_iters=8)
default_hooks = dict(checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=4))
log_processor = dict(by_epoch=False)
randomness = dict(seed=0)
env_cfg = dict()
log_level = 'ERROR'
"""


@pytest.fixture
def config(tmp_path) -> Path:
    path = tmp_path / 'gan.py'
    path.write_text(CONFIG)
    return path


def checkpoint(folder: Path, step: int = 8) -> dict:
    return torch.load(folder / f'iter_{step}.pth', weights_only=False)


def largest_difference(one: dict, other: dict) -> float:
    assert one.keys() == other.keys()
    return max((one[name] - other[name]).abs().max().item() for name in one)


@pytest.mark.parametrize('frozen', [False, True])
def test_two_processes_train_as_one(config, tmp_path, frozen):
    one = train(config, work_dir=tmp_path / '1', cfg_options={'model.frozen': frozen})
    start = MODELS.build(dict(type='mmdet.ToyGan')).state_dict()
    assert largest_difference(start, one.model.state_dict()) > 1e-3
    options = {'train_dataloader.batch_size': 2, 'model.frozen': frozen}
    run_in_two('tools/train.py', [config, '--work-dir', tmp_path / '2'], options)
    first, second = checkpoint(tmp_path / '1'), checkpoint(tmp_path / '2')
    assert largest_difference(first['state_dict'], second['state_dict']) < 1e-6
    assert set(second['optimizer']) == {'generator', 'discriminator'}
    if frozen:
        early = checkpoint(tmp_path / '2', 4)['state_dict']
        assert torch.equal(early['discriminator.0.weight'], second['state_dict']['discriminator.0.weight'])
        assert not torch.equal(early['discriminator.2.weight'], second['state_dict']['discriminator.2.weight'])


def test_resumed_training_ends_as_one_that_was_never_stopped(config, tmp_path):
    train(config, work_dir=tmp_path / 'whole')
    train(config, work_dir=tmp_path / 'parts', resume=str(tmp_path / 'whole/iter_4.pth'))
    whole, parts = checkpoint(tmp_path / 'whole'), checkpoint(tmp_path / 'parts')
    assert largest_difference(whole['state_dict'], parts['state_dict']) == 0
    for name in ('generator', 'discriminator'):
        states = [torch.cat([v.flatten() for s in c['optimizer'][name]['state'].values() for v in s.values()
                             if torch.is_tensor(v)]) for c in (whole, parts)]  # fmt: skip
        assert torch.equal(*states)


def test_argument_of_another_wrapper_is_refused():
    with pytest.raises(ValueError, match='knows no find_unused_parameters'):
        engine.OwnStepDataParallel(torch.nn.Linear(1, 1), find_unused_parameters=True)
    assert MODEL_WRAPPERS.get('OwnStepDataParallel') is engine.OwnStepDataParallel
