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
from tests.warm_processes import run_in_two

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
    data = {'train_cfg.max_iters': 2, 'train_cfg.val_interval': 100, 'log_level': 'WARNING'}
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
    stages = Config.fromfile(repository / 'projects/sm_ffdm_fusion/plan.py').stages
    for stage in stages:
        if 'command' in stage:
            stage['command'] = [str(ann_file) if word == 'data/sm_ffdm.json' else word for word in stage['command']]
            continue
        alone = Path(stage['config']).stem in ('model_sm', 'model_ffdm')
        place = 'model.detector' if alone else 'model.detector.efficientdet'
        model = {f'{place}.{name}': value for name, value in SMALL.items()}
        stage['cfg_options'] = {**data, **model, **stage.get('cfg_options', {})}
    return [stage.to_dict() for stage in stages]


def test_a_b_and_c_start_from_the_weights_that_the_plan_names(tmp_path, repository):
    text = (repository / 'projects/sm_ffdm_fusion/plan.py').read_text()
    assert 'coco = None\n' in text
    (tmp_path / 'plan.py').write_text(text.replace('coco = None\n', "coco = 'coco.pth'\n"))
    stages = make_plan(Config.fromfile(tmp_path / 'plan.py').stages).stages
    assert {stage.name for stage in stages if stage.load_from == 'coco.pth'} == {'model_sm', 'model_ffdm'}
    starts = {stage.name: stage.cfg_options.get('model.detector.mimic.init_cfg') for stage in stages}
    expected = dict(type='Pretrained', checkpoint='coco.pth', prefix='detector.')
    assert {name: start for name, start in starts.items() if start} == {'mimic': expected}


@pytest.fixture(scope='module')
def stages(tmp_path_factory, repository) -> list[dict]:
    root = tmp_path_factory.mktemp('pairs')
    make_phantoms(root / 'phantoms', cases=8, seed=5, size='96x64x6', split=(0.5, 0.2, 0.3), workers=1)
    convert_dataset('phantom', root / 'phantoms', root / 'pairs.json')
    return small_stages(root / 'pairs.json', repository)


@pytest.fixture(scope='module')
def finished(tmp_path_factory, stages) -> Path:
    out = tmp_path_factory.mktemp('fusion')
    run_stages(make_plan(stages), out)
    return out


def weights(folder: Path, step: int = 2) -> dict[str, torch.Tensor]:
    return torch.load(folder / f'iter_{step}.pth', weights_only=False)['state_dict']


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


@pytest.mark.parametrize('name', ['mimic', 'fused'])
def test_frozen_parts_stay_as_they_are_in_two_processes_and_after_resume(name, stages, finished, repository, tmp_path):
    """Batch statistics too: they are buffers of the state that is compared."""
    (stage,) = (one for one in stages if one['name'] == name)
    cfg = Config.fromfile(repository / stage['config'])
    taken = {f'{{{one}}}': str(finished / one / 'iter_2.pth') for one in ('model_sm', 'model_ffdm')}
    options = {key: taken.get(str(value), value) for key, value in stage['cfg_options'].items()}
    cfg.merge_from_dict(options)
    cfg.merge_from_dict({'train_dataloader.batch_size': 2, 'default_hooks.checkpoint.interval': 1})
    cfg.load_from = str(finished / 'mimic/iter_2.pth') if name == 'fused' else None
    work_dir = tmp_path / 'work'
    cfg.dump(tmp_path / 'run.py')
    for steps, resume in ((1, []), (2, ['--resume'])):
        run_in_two(
            'tools/train.py', [tmp_path / 'run.py', '--work-dir', work_dir, *resume], {'train_cfg.max_iters': steps}
        )
    before = weights(finished / 'mimic')
    after = [weights(work_dir, step) for step in (1, 2)]
    frozen = {'mimic': ('sm', 'ffdm'), 'fused': ('mimic', 'ffdm')}[name]
    learned = {'mimic': 'mimic', 'fused': 'sm'}[name]
    for branch in frozen:
        prefix = f'detector.backbone.{branch}.'
        assert all(same(part(state, prefix), part(before, prefix)) for state in after)
    prefix = f'detector.backbone.{learned}.'
    assert not same(part(after[0], prefix), part(after[1], prefix))


def test_section_6_has_counts_and_a_page(finished):
    content = json.loads((finished / 'disagreements/disagreements.json').read_text())
    assert [(model['name'], model['modality']) for model in content['models']] == [
        ('SM', 'SM'), ('FFDM', 'FFDM'), ('Fused', 'SM')
    ]  # fmt: skip
    lesions = content['lesions']
    assert sum(row['count'] for row in lesions['patterns']) == lesions['total'] > 0
    assert content['settings']['threshold_split'] == 'validation'
    assert 'Disagreements of SM, FFDM, Fused' in (finished / 'disagreements/disagreements.html').read_text()
