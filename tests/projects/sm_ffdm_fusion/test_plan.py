"""From phantom DICOM to Table 2 by the plan of the project, two steps a training."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from mammo_plugins.apis.convert import convert_dataset
from mammo_plugins.apis.phantoms import make_phantoms
from mammo_plugins.apis.stages import make_plan, run_stages

SMALL = {
    'neck': dict(num_cells=1, num_levels=3),
    'bbox_head': dict(
        num_convs=1,
        num_levels=3,
        loss_cls=dict(type='TwoGammaFocalLoss'),
        anchor_generator=dict(
            type='AnchorGenerator',
            octave_base_scale=4,
            scales_per_octave=3,
            ratios=[1.0, 0.5, 2.0],
            strides=[8, 16, 32],
        ),
    ),
}
SPLITS = ('train', 'val', 'test')


def small_stages(ann_file: Path, repository: Path) -> list[dict]:
    """The stages of the plan on a small model and small images."""
    share_grid = dict(type='ShareGrid', width=64, max_length=96)
    data = {'train_cfg.max_iters': 2, 'train_cfg.val_interval': 100, 'log_level': 'WARNING', 'work_dir': 'unused'}
    for split in SPLITS:
        data |= {
            f'{split}_dataloader.num_workers': 0,
            f'{split}_dataloader.persistent_workers': False,
            f'{split}_dataloader.dataset.ann_file': str(ann_file),
            f'{split}_dataloader.dataset.data_root': '',
            f'{split}_dataloader.dataset.pipeline': [share_grid, dict(type='PackCaseInputs')],
        }
    data |= {f'{split}_evaluator.ann_file': str(ann_file) for split in ('val', 'test')}
    data['train_dataloader.batch_size'] = 4
    del data['work_dir']
    stages = Config.fromfile(repository / 'projects/sm_ffdm_fusion/plan.py').stages
    for stage in stages:
        alone = Path(stage['config']).stem in ('model_sm', 'model_ffdm')
        place = 'model.detector' if alone else 'model.detector.efficientdet'
        model = {f'{place}.{name}': value for name, value in SMALL.items()}
        stage['cfg_options'] = {**data, **model, **stage.get('cfg_options', {})}
    return [stage.to_dict() for stage in stages]


@pytest.fixture(scope='module')
def finished(tmp_path_factory, repository) -> Path:
    root = tmp_path_factory.mktemp('fusion')
    make_phantoms(root / 'phantoms', cases=8, seed=5, size='96x64x6', split=(0.5, 0.2, 0.3), workers=1)
    convert_dataset('phantom', root / 'phantoms', root / 'pairs.json')
    run_stages(make_plan(small_stages(root / 'pairs.json', repository)), root / 'out')
    return root / 'out'


def weights(folder: Path) -> dict[str, torch.Tensor]:
    (path,) = folder.glob('iter_2.pth')
    return torch.load(path, weights_only=False)['state_dict']


def part(state: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {name[len(prefix) :]: value for name, value in state.items() if name.startswith(prefix)}


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return bool(one) and one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_each_stage_takes_what_the_one_before_left(finished):
    states = {name: weights(finished / name) for name in ('model_sm', 'model_ffdm', 'mimic', 'fused', 'base_ub')}
    branches = {
        (stage, name): part(states[stage], f'detector.backbone.{name}.')
        for stage in ('mimic', 'fused', 'base_ub')
        for name in ('sm', 'mimic', 'ffdm')
    }
    sm, ffdm = (part(states[name], 'detector.') for name in ('model_sm', 'model_ffdm'))
    assert same(branches['mimic', 'sm'], sm) and same(branches['mimic', 'ffdm'], ffdm)
    assert same(branches['fused', 'mimic'], branches['mimic', 'mimic'])
    assert same(branches['fused', 'ffdm'], ffdm)
    assert not same(branches['fused', 'sm'], sm) and not same(branches['base_ub', 'ffdm'], ffdm)
    assert not branches['base_ub', 'mimic']
    assert part(states['mimic'], 'detector.projection.') and not part(states['fused'], 'detector.projection.')


def test_table_2_and_the_missing_modalities_have_numbers(finished):
    rows = sorted(path.parent.name for path in finished.glob('test_*/metrics.json'))
    assert rows == [
        'test_base_ub', 'test_fused', 'test_fused_mimic', 'test_fused_sm', 'test_fused_with_ffdm', 'test_model_ffdm',
        'test_model_sm',
    ]  # fmt: skip
    for row in rows:
        numbers = json.loads((finished / row / 'metrics.json').read_text())
        assert 0 <= numbers['center-hit/FAUC-1'] <= 1 and 0 <= numbers['breast_auc'] <= 1
