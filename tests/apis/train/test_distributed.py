"""Two CPU processes over gloo train and test as one; once they are started by the script that users call."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from mammo_plugins.apis.test import evaluate_checkpoint
from mammo_plugins.apis.train.training import train
from mammo_plugins.compat import load_checkpoint_file
from tests.apis.conftest import quick_options
from tests.warm_processes import run_in_two

# Batch norm sees another batch in each process, and so does padding to the largest image; Adam turns rounding errors of
# vanishing gradients into whole steps. Even padding that is not 0 gives even features, whose rounding errors the layer
# norms of the dynamic convolution blow up. Without these, runs can be compared exactly. The schedule warms up: three
# steps move weights by about 0.01.
COMPARABLE = {
    'model.backbone.norm_cfg.type': 'GN',
    'model.backbone.norm_cfg.num_groups': 8,
    'model.data_preprocessor.pad_size_divisor': 192,
    'model.data_preprocessor.mean': 0.0,
    'optim_wrapper.optimizer.type': 'SGD',
    'optim_wrapper.optimizer.lr': 1.0,
}
# 3 % of what three steps move. Rounding alone differs by up to 8e-5 (torch 2.4, one thread), a part of wrong weight by
# as much as they move.
ROUNDING = 3e-4


def run_script(repository: Path, script: str, arguments: list[object], options: dict[str, object]) -> str:
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    overrides = [f'{key}={_text(value)}' for key, value in options.items()]
    completed = subprocess.run(
        ['bash', str(repository / 'tools' / script), *map(str, arguments), '--cfg-options', *overrides],
        cwd=repository,
        env={
            **os.environ,
            'PYTHON': sys.executable,
            'PORT': str(port),
            'OMP_NUM_THREADS': '1',
            'CUDA_VISIBLE_DEVICES': '',
        },
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert completed.returncode == 0, completed.stdout[-3000:] + completed.stderr[-3000:]
    return completed.stdout


def _text(value: object) -> str:
    return str(value).replace(' ', '')


def weights(checkpoint: Path) -> dict[str, torch.Tensor]:
    return load_checkpoint_file(str(checkpoint))['state_dict']


@pytest.mark.parametrize('positive_fraction', [0.5, 0.0], ids=['mixed', 'no findings at all'])
def test_two_processes_train_as_one_with_the_same_global_batch(repository, phantom_root, tmp_path, positive_fraction):
    options = quick_options(
        phantom_root,
        3,
        **{'train_dataloader.sampler.positive_fraction': positive_fraction, 'val_evaluator.outfile': None},
    )
    options |= COMPARABLE
    config, one, two = 'configs/demo/mm3d_dbt.py', tmp_path / 'one', tmp_path / 'two'
    train(config, work_dir=one, cfg_options={**options, 'train_dataloader.batch_size': 2})
    options['train_dataloader.batch_size'] = 1
    if positive_fraction:
        run_script(repository, 'dist_train.sh', [config, 2, '--work-dir', two], options)
    else:
        run_in_two('tools/train.py', [config, '--work-dir', two], options)
    expected, distributed = weights(one / 'iter_3.pth'), weights(two / 'iter_3.pth')
    assert expected.keys() == distributed.keys()
    worst = max((expected[name] - distributed[name]).abs().max().item() for name in expected)
    assert worst < ROUNDING


@pytest.mark.parametrize('positive_fraction', [0.5, 0.0], ids=['mixed', 'no findings at all'])
def test_losses_of_eight_steps_are_those_of_one_process(phantom_root, tmp_path, positive_fraction):
    options = quick_options(
        phantom_root,
        8,
        **{
            'train_dataloader.sampler.positive_fraction': positive_fraction,
            'train_dataloader.dataset.subset.annotated_fraction': 0.5,
            'default_hooks.logger.interval': 1,
            'val_evaluator.outfile': None,
        },
    )
    options |= COMPARABLE | {'optim_wrapper.optimizer.lr': 2e-4}  # rounding errors grow with the steps
    config, losses = 'configs/demo/mm3d_dbt.py', []
    train(config, work_dir=tmp_path / '1', cfg_options={**options, 'train_dataloader.batch_size': 2})
    run_in_two('tools/train.py', [config, '--work-dir', tmp_path / '2'], {**options, 'train_dataloader.batch_size': 1})
    for run in ('1', '2'):
        (scalars,) = (tmp_path / run).glob('*/vis_data/scalars.json')
        rows = [json.loads(line) for line in scalars.read_text().splitlines()]
        losses.append([row['loss'] for row in rows if 'loss' in row])
    assert len(losses[0]) == len(losses[1]) == 8 and len(set(losses[0])) > 1
    assert max(abs(a - b) / abs(a) for a, b in zip(*losses)) < 1e-5


def test_two_processes_test_as_one(repository, phantom_root, tmp_path):
    config = 'configs/demo/mm3d_dbt.py'
    train(config, work_dir=tmp_path, cfg_options=quick_options(phantom_root))
    options = quick_options(phantom_root, **{'test_dataloader.batch_size': 1})
    run = dict(work_dir=tmp_path, cfg_options=options)
    evaluate_checkpoint(config, tmp_path / 'iter_1.pth', out=tmp_path / '1.csv', **run)
    arguments = [config, tmp_path / 'iter_1.pth', 2, '--work-dir', tmp_path, '--out', tmp_path / '2.csv']
    run_script(repository, 'dist_test.sh', arguments, options)
    assert (tmp_path / '1.csv').read_bytes() == (tmp_path / '2.csv').read_bytes()
