"""Switches of `mammo train`, through the command; and start weights that do not fit."""

from __future__ import annotations

import importlib.util
import json
import re

import torch

from mammo_plugins.apis.run_config import load_run_config
from mammo_plugins.apis.train.run_options import RunOptions
from mammo_plugins.commands.train import main
from mammo_plugins.compat import load_checkpoint_file
from tests.apis.conftest import quick_options

CONFIG = 'configs/demo/mnm_ffdm.py'


def arguments(phantom_root, work_dir, *switches, max_iters=1, **changes):
    options = quick_options(phantom_root, max_iters, **changes)
    return [CONFIG, '--work-dir', str(work_dir), *switches, '--cfg-options', *(f'{k}={v}' for k, v in options.items())]


def test_best_early_average_and_scaled_rate(phantom_root, tmp_path):
    switches = ('--save-best', '--early-stop', '1', '--ema', '--auto-scale-lr')
    changes = {
        'train_cfg.val_interval': 1,
        'auto_scale_lr.base_batch_size': 1,
        'optim_wrapper.optimizer.lr': 1e-12,  # nothing is learnt, so the second validation is no better
        'default_hooks.logger.interval': 1,
        'param_scheduler': '[]',
    }
    assert main(arguments(phantom_root, tmp_path, *switches, max_iters=5, **changes)) == 0
    (best,) = tmp_path.glob('best_mm3d_R@0.25_iter_*.pth')
    content = load_checkpoint_file(best)
    assert content['ema_state_dict']['steps'] >= 1
    (log,) = tmp_path.glob('*/vis_data/scalars.json')
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    assert len([row for row in rows if 'mm3d/R@0.25' in row]) == 2
    assert {row['lr'] for row in rows if 'lr' in row} == {2e-12}  # a batch of 2, a rate for 1


def test_tensorboard_gets_scalars_and_no_names(phantom_root, tmp_path):
    changes = {'default_hooks.logger.interval': 1, 'experiment_name': 'x'}
    assert main(arguments(phantom_root, tmp_path, '--tensorboard', **changes)) == 0
    (events,) = tmp_path.rglob('events.out.tfevents.*')
    content = events.read_bytes()
    assert b'loss' in content and phantom_root.name.encode() not in content and b'CaseDataset' not in content


def test_tensorboard_writes_scalars_alone(monkeypatch):
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: object())
    cfg = load_run_config(CONFIG)
    RunOptions(tensorboard=True).apply(cfg)
    assert [backend.type for backend in cfg.visualizer.vis_backends] == ['LocalVisBackend', 'ScalarTensorboardBackend']


def test_missing_tensorboard_is_named(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: None)
    assert main([CONFIG, '--tensorboard', '--work-dir', str(tmp_path)]) == 2
    assert "pip install 'mammo-plugins[track]'" in capsys.readouterr().err


def test_rate_without_a_batch_size_is_not_scaled(tmp_path, capsys):
    assert main([CONFIG, '--auto-scale-lr', '--work-dir', str(tmp_path)]) == 2
    assert 'auto_scale_lr = dict(base_batch_size=N)' in capsys.readouterr().err


def test_start_weights_of_another_model_are_refused_and_counted(phantom_root, tmp_path, capsys):
    assert main(arguments(phantom_root, tmp_path / 'a')) == 0
    start = tmp_path / 'a' / 'iter_1.pth'
    content = torch.load(start, weights_only=False)
    content['state_dict'] = {f'detector.{name}': value for name, value in content['state_dict'].items()}
    torch.save(content, tmp_path / 'other.pth')
    capsys.readouterr()
    assert main(arguments(phantom_root, tmp_path / 'b', load_from=tmp_path / 'other.pth')) == 2
    said = capsys.readouterr().err
    assert re.search(r'other\.pth holds the weights of another model: 0 of \d+ weights fit', said), said
    start.write_bytes(start.read_bytes()[:5000])
    assert main(arguments(phantom_root, tmp_path / 'c', load_from=start)) == 2
    assert 'damaged' in capsys.readouterr().err
