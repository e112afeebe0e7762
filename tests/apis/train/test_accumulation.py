"""A batch in parts trains as the whole batch does."""

from __future__ import annotations

import json

import pytest

from mammo_plugins.apis.train.training import train
from mammo_plugins.compat import load_checkpoint_file
from tests.apis.conftest import quick_options
from tests.apis.train.test_distributed import COMPARABLE, ROUNDING

CONFIG = 'configs/demo/mm3d_dbt.py'


def run(phantom_root, work_dir, **changes):
    options = quick_options(phantom_root, 3, **{'default_hooks.logger.interval': 1}) | COMPARABLE
    options |= {'train_dataloader.batch_size': 4, **changes}
    train(CONFIG, work_dir=work_dir, cfg_options=options)
    (scalars,) = work_dir.glob('*/vis_data/scalars.json')
    rows = [json.loads(line) for line in scalars.read_text().splitlines()]
    return load_checkpoint_file(str(work_dir / 'iter_3.pth'))['state_dict'], [r['loss'] for r in rows if 'loss' in r]


@pytest.mark.parametrize(('cases_at_once', 'positive_fraction'), [(1, 0.5), (3, 0.5), (1, 0.0)])
def test_weights_and_logged_losses_are_those_of_the_whole_batch(
    phantom_root, tmp_path, cases_at_once, positive_fraction
):
    sampler = {'train_dataloader.sampler.positive_fraction': positive_fraction}
    whole, losses = run(phantom_root, tmp_path / 'whole', **sampler)
    loop = {'train_cfg.type': 'AccumulatingTrainLoop', 'train_cfg.cases_at_once': cases_at_once}
    parts, logged = run(phantom_root, tmp_path / 'parts', **sampler, **loop)
    assert max((whole[name] - parts[name]).abs().max().item() for name in whole) < ROUNDING
    assert logged == pytest.approx(losses, rel=1e-4)


def test_an_optimiser_that_accumulates_too_is_refused(phantom_root, tmp_path):
    loop = {'train_cfg.type': 'AccumulatingTrainLoop', 'optim_wrapper.accumulative_counts': 2}
    with pytest.raises(ValueError, match='leave accumulative_counts out of optim_wrapper'):
        run(phantom_root, tmp_path, **loop)


def test_parts_without_a_breast_are_refused(phantom_root, tmp_path):
    with pytest.raises(ValueError, match='cases_at_once must be at least 1'):
        run(
            phantom_root,
            tmp_path,
            **{'train_cfg.type': 'AccumulatingTrainLoop', 'train_cfg.cases_at_once': 0},
        )
