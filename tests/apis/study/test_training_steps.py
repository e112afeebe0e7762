"""Every row of the M&M-3D tables takes a training step on phantoms, by its own config at the size of a test."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.registry import HOOKS

from mammo_plugins.apis.convert import convert_dataset
from mammo_plugins.apis.mean_histogram import write_mean_histogram
from mammo_plugins.apis.phantoms import prepare_phantoms
from mammo_plugins.apis.study.mm3d import MM3D_STUDY
from mammo_plugins.apis.study.mm3d_config import HISTOGRAM, row_config
from mammo_plugins.apis.train import train

TRAINED = {entry.name: entry for entry in MM3D_STUDY.entries() if entry.test is None}


def small_config(entry, root):
    return row_config(entry, MM3D_STUDY.presets['small'], {'': root / 'phantoms.json'}, root, seed=0)


@pytest.fixture(scope='module')
def root(tmp_path_factory) -> Path:
    """Phantoms of enough patients that a tenth of them is some."""
    root = tmp_path_factory.mktemp('phantoms')
    all_boxes = {'finding.unannotated_share': 0.0}
    annotations = prepare_phantoms(root, 20, 1, (0.8, 0.1, 0.1), 1, all_boxes, '96x64x16')
    write_mean_histogram(annotations, root / HISTOGRAM, limit=4)
    return root


@pytest.mark.parametrize('name', TRAINED)
def test_row_takes_a_step(name, root, tmp_path):
    cfg = small_config(TRAINED[name], root)
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


@HOOKS.register_module()
class SliceCounts(Hook):
    """Notes how many slices the views of each batch have."""

    def __init__(self) -> None:
        self.of_batches = []

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        self.of_batches.append({len(image) for images in data_batch['inputs'] for image in images})


def test_ffdm_and_dbt_train_in_one_run(root, tmp_path):
    """The data of unified_ffdm_dbt.py, from files, with the small model."""
    unified = Config.fromfile(Path(__file__).parents[3] / 'projects/mm3d/configs/unified_ffdm_dbt.py').train_dataloader
    for file, modality in zip(unified.dataset.ann_file, unified.dataset.modality, strict=True):
        convert_dataset('phantom', root / 'phantoms', root / file, modality=[modality])
    cfg = small_config(TRAINED['mm3d'], root)
    dataset = {f'train_dataloader.dataset.{key}': unified.dataset[key] for key in ('ann_file', 'modality')}
    cfg.merge_from_dict({
        **dataset,
        'train_cfg.max_iters': 4,
        'train_dataloader.batch_size': 4,
        'train_dataloader.dataset.cache_in_memory': False,
        'custom_hooks': [dict(type='SliceCounts')],
    })  # fmt: skip
    cfg.dump(tmp_path / 'config.py')
    runner = train(tmp_path / 'config.py', work_dir=tmp_path)
    (counts,) = (hook for hook in runner.hooks if isinstance(hook, SliceCounts))
    assert {1, 8} in counts.of_batches
    assert runner.iter == 4 and all(torch.isfinite(parameter).all() for parameter in runner.model.parameters())
