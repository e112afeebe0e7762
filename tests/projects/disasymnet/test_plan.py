"""From annotation files to Tables 1 and 2 by the plan of the project, a step a training, and two rows of the study."""

from __future__ import annotations

import json
from pathlib import Path
from pprint import pformat

import pytest
import torch
from mmdet.registry import MODELS as registry
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mammo_plugins.apis.stages import make_plan, run_stages
from mammo_plugins.apis.study.catalogue import find_study
from mammo_plugins.apis.study.phantom_config import entry_options, known_options, read_config
from mammo_plugins.commands.main import main
from mammo_plugins.evaluation.saliency_files import read_index
from tests.projects.disasymnet.small_configs import small
from tests.warm_processes import run_script

BASELINES = ('resnet18', 'ham', 'late_fusion', 'cvt', 'asymmetry_attention')
ABLATIONS = ('asyc', 'asyd', 'asyd_syn', 'asyc_asyd')
MODELS = (*BASELINES, *ABLATIONS, 'disasymnet')
VARIANTS = ('disasymnet_no_refinement', 'disasymnet_residual')
CLASSIFIERS = (*BASELINES, 'asyc')
ALONE = ('resnet18', 'ham')


@pytest.fixture(scope='module')
def finished(root, repository, tmp_path_factory) -> Path:
    """The plan on small phantoms, as a user edits it: his files, and whether they are phantoms.

    Variants of the whole model, parts of the patients and normal images of ablations run as their neighbours do and are
    left out for time, but for one of the parts.
    """
    text = (repository / 'projects/disasymnet/plan.py').read_text()
    for old, new in (
        ("'data/ffdm.json'", repr(str(root / 'pairs.json'))),
        ("'data/other.json'", repr(str(root / 'others.json'))),
        ('phantoms = False', 'phantoms = True'),
    ):
        assert old in text
        text = text.replace(old, new)
    out = tmp_path_factory.mktemp('plan')
    (out / 'plan.py').write_text(text)
    shared = [name for name in Config.fromfile(out / 'plan.py').shared if name != 'late_fusion_50']
    left_out = {f'{kind}{name}' for kind in ('', 'test_', 'normals_') for name in (*VARIANTS, *shared)}
    left_out |= {f'normals_{name}' for name in ABLATIONS}
    stages = [stage.to_dict() for stage in Config.fromfile(out / 'plan.py').stages if stage.name not in left_out]
    for stage in stages:
        if 'config' in stage:
            stage['config'] = str(repository / stage['config'])
            stage['cfg_options'] = {**small(Path(stage['config']).stem, None, steps=1), **stage['cfg_options']}
    run_stages(make_plan(stages), out)
    return out


def test_bank_is_cut_first(finished):
    assert (finished / 'bank').is_dir() and any((finished / 'bank').glob('*.png'))


@pytest.mark.parametrize('name', MODELS)
def test_training_of_each_row_has_its_optimisers_and_finite_weights(name, finished):
    state = torch.load(finished / name / 'iter_1.pth', weights_only=False)
    assert all(value.isfinite().all() for value in state['state_dict'].values())
    assert set(state['optimizer']) == ({'asyc'} if name in CLASSIFIERS else {'asyc', 'asyd'})


@pytest.mark.parametrize('name', MODELS)
def test_test_of_each_row_gives_tables_1_and_2(name, finished):
    numbers = json.loads((finished / f'test_{name}/metrics.json').read_text())
    assert 'view/abnormal/auc' in numbers
    assert ('pair/abnormal/auc' in numbers) == (name not in ALONE)
    assert {'saliency/any/TIoU', 'saliency/any/TIoR', 'saliency/any/iou', 'saliency/any/dice'} <= set(numbers)
    pictures = finished / f'test_{name}/predictions_pictures'
    assert pictures.is_dir() == (name not in CLASSIFIERS)
    if pictures.is_dir():
        entries = read_index(pictures)
        assert numbers['pictures/images'] == len({entry.key for entry in entries}) == len(entries) / 2


def test_part_of_the_patients_is_trained_on_and_all_are_tested(finished):
    """Figure 2."""
    half, whole = (
        (finished / f'test_{name}/predictions_view.csv').read_text().splitlines()
        for name in ('late_fusion_50', 'late_fusion')
    )
    assert [line.rsplit(',', 1)[0] for line in half] == [line.rsplit(',', 1)[0] for line in whole]
    cfg = Config.fromfile(next((finished / 'late_fusion_50').glob('*.py')))
    assert cfg.train_dataloader.dataset.subset.patient_fraction == 0.5
    assert cfg.test_dataloader.dataset.get('subset') is None


def test_normal_images_are_scored_against_the_truth(finished):
    content = json.loads((finished / 'normals_disasymnet/normals.json').read_text())
    assert set(content['methods']) == {'model', 'unchanged', 'other side', 'blur'}
    assert sum(content['images'].values()) > 0


def test_study_goes_from_phantoms_to_tables(repository, tmp_path):
    """Two rows, one of each kind of encoder, at the size of the preset but for fewer and smaller images."""
    content = Config.fromfile(repository / 'projects/disasymnet/study.py').to_dict()
    content = {name: value for name, value in content.items() if not name.startswith('_')}
    preset = content['presets'].pop('small')
    for data in preset['data'].values():
        data.update(cases=4, size='96x64x4')
    preset['data']['seen']['split'] = [0.5, 0.25, 0.25]
    preset['options']['*'].update({'train_cfg.max_iters': 1, 'train_dataloader.batch_size': 2})
    for part in ('train', 'val', 'test'):
        preset['options']['*'][f'{part}_dataloader.dataset.loading'][-1].update(width=32, max_length=64)
    content['presets']['tiny'] = preset
    lines = (f'{name} = {pformat(value, sort_dicts=False)}\n' for name, value in content.items())
    (tmp_path / 'study.py').write_text(''.join(lines))
    arguments = [str(tmp_path / 'study.py'), '--out', str(tmp_path / 'out'), '--preset', 'tiny', '--seeds', '0']
    assert main(['study', *arguments, '--rows', 'cvt', 'disasymnet', '--workers', '1', '--bootstrap', '10']) == 0
    rows = json.loads((tmp_path / 'out/results.json').read_text())['rows']
    assert set(rows) == {'cvt', 'disasymnet'}
    assert set(rows['cvt']) == {'view', 'pair', 'maps'}
    assert set(rows['disasymnet']) == {'view', 'pair', 'maps', 'normals', 'unchanged', 'other_side', 'blur'}
    figure = [tmp_path / 'out', tmp_path / 'fig.png', '--rows', 'disasymnet']
    drawn = run_script('projects/disasymnet/normals_figure.py', figure)
    assert drawn.returncode == 0, drawn.stderr
    assert json.loads((tmp_path / 'fig.json').read_text())['pairs']


def test_study_has_every_row_of_the_plan():
    study = find_study('disasymnet')
    configs = {Path(entry.fields['config']).stem for entry in study.entries() if entry.fields.get('config')}
    assert configs == {*MODELS, *VARIANTS}


def test_options_of_the_preset_fit_every_row():
    study = find_study('disasymnet')
    init_default_scope('mmdet')
    for entry in study.entries():
        if entry.test is None and entry.fields.get('config'):
            cfg = read_config(entry.fields['config'])
            cfg.merge_from_dict(known_options(entry_options(entry, study.presets['small'])))
            model = registry.build(cfg.model)
            assert sum(parameter.numel() for parameter in model.parameters()) < 3e6, entry.name


def test_plan_has_every_row_its_test_and_its_normal_images(repository):
    plan = Config.fromfile(repository / 'projects/disasymnet/plan.py')
    names = [stage.name for stage in make_plan(plan.stages).stages]
    runs = [*plan.models, *plan.shared]
    assert names == ['bank', *runs, *(f'test_{name}' for name in runs)]
    assert {name for name, _ in plan.shared.values()} == {*BASELINES, 'disasymnet'}
    assert set(plan.models) == {*MODELS, *VARIANTS} and set(plan.with_pictures) <= set(plan.models)
