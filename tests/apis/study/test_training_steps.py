"""Every row of the M&M-3D tables takes a training step on phantoms, by its own config at the size of a test."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mammo_plugins.apis.mean_histogram import write_mean_histogram
from mammo_plugins.apis.phantoms import prepare_phantoms
from mammo_plugins.apis.study.mm3d import MM3D_STUDY
from mammo_plugins.apis.study.row_config import HISTOGRAM, row_config
from mammo_plugins.apis.train import train

TRAINED = [row for row in MM3D_STUDY.rows if row.trained]


@pytest.fixture(scope='module')
def root(tmp_path_factory) -> Path:
    """Phantoms of enough patients that a tenth of them is some."""
    root = tmp_path_factory.mktemp('phantoms')
    all_boxes = {'finding.unannotated_share': 0.0}
    annotations = prepare_phantoms(root, 36, 1, (0.8, 0.1, 0.1), 1, all_boxes, '96x64x16')
    write_mean_histogram(annotations, root / HISTOGRAM, limit=4)
    return root


@pytest.mark.parametrize('row', TRAINED, ids=lambda row: row.name)
def test_row_takes_a_step(row, root, tmp_path):
    cfg = row_config(MM3D_STUDY, row, 'small', root, seed=0)
    cfg.merge_from_dict({
        'train_cfg.max_iters': 1,
        'train_dataloader.batch_size': 2,
        'train_dataloader.dataset.cache_in_memory': False,
        'custom_hooks': [],
    })  # fmt: skip
    cfg.dump(tmp_path / 'config.py')
    runner = train(tmp_path / 'config.py', work_dir=tmp_path)
    loss = runner.message_hub.get_scalar('train/loss').current()
    assert runner.iter == 1 and 0 < loss < 1e4
    assert all(torch.isfinite(parameter).all() for parameter in runner.model.parameters())
