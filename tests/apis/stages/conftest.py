"""Configs and plans of toys."""

from __future__ import annotations

from pathlib import Path

import pytest

CONFIG = """
custom_imports = dict(imports=['mammo_plugins.registration', 'tests.toy_models'], allow_failed_imports=False)
default_scope = 'mmdet'
model = dict(type='ToyRegressor', teacher=dict(checkpoint=None))
_loader = dict(batch_size=4, num_workers=0, dataset=dict(type='ToyNumbers'), collate_fn=dict(type='default_collate'))
train_dataloader = dict(sampler=dict(type='InfiniteSampler', seed=0), **_loader)
test_dataloader = dict(sampler=dict(type='DefaultSampler', shuffle=False), **_loader)
test_evaluator = dict(type='ToyError')
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.1))
train_cfg = dict(type='IterBasedTrainLoop', max_iters=6)
test_cfg = dict()
default_hooks = dict(checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=2))
log_processor = dict(by_epoch=False)
randomness = dict(seed=0)
log_level = 'ERROR'
"""


@pytest.fixture
def toy_config(tmp_path: Path) -> Path:
    path = tmp_path / 'toy.py'
    path.write_text(CONFIG)
    return path


@pytest.fixture
def toy_stages(toy_config) -> list[dict]:
    """Two trainings, the second from the first in both ways, and a test."""
    config = str(toy_config)
    return [
        dict(name='first', config=config),
        dict(
            name='second',
            config=config,
            load_from='{first}',
            cfg_options={'model.teacher.checkpoint': '{first.last}', 'train_cfg.max_iters': 2},
        ),
        dict(name='score', kind='test', config=config, checkpoint='{second}', predictions=''),
    ]
