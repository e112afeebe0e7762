"""From phantom DICOM of six vendors to Tables II to V by the plan of the project, two rows of it, a step a training."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config

from mammo_plugins.apis.convert import convert_dataset
from mammo_plugins.apis.phantoms import make_phantoms
from mammo_plugins.apis.stages import kinds, make_plan, run_stages
from mammo_plugins.apis.study.catalogue import find_study
from mammo_plugins.commands.main import main
from mammo_plugins.io import read_annotations, write_annotations
from tests.markdown_tables import read_tables

PROJECT = Path(__file__).parents[3] / 'projects/msvcl'
VENDORS = {letter: [f'Phantom Vendor {letter}'] for letter in 'ABC'}
UNSEEN = [f'Phantom Vendor {letter}' for letter in 'DEF']
PAPER = Config.fromfile(PROJECT / 'paper.py')


def load_plan(folder: Path, ann_file: Path) -> list[dict]:
    """The stages of the plan with the vendors of the phantoms in its files."""
    for name in ('plan.py', 'styles_plan.py', 'paper.py'):
        shutil.copyfile(PROJECT / name, folder / name)
    text = (folder / 'styles_plan.py').read_text()
    start, end = text.index('vendors = '), text.index('names = ')
    text = text[:start] + f'vendors = {VENDORS}\n' + text[end:]
    (folder / 'styles_plan.py').write_text(text.replace("'data/ffdm.json'", repr(str(ann_file))))
    text = (folder / 'plan.py').read_text()
    text = text.replace("unseen = ['SIEMENS', 'INbreast', 'DDSM']", f'unseen = {UNSEEN}')
    (folder / 'plan.py').write_text(text.replace('bootstrap = 1000', 'bootstrap = 20'))
    return Config.fromfile(folder / 'plan.py').to_dict()['stages']


def small_options(stage: dict) -> dict:
    """Those of the study's smallest preset, by the name of the config, and one step."""
    preset = find_study('msvcl').presets['tiny'].options
    name = {'cyclegan': 'style', 'cyclegan_cp': 'style', 'cyclegan_r': 'style'}.get(Path(stage['config']).stem)
    names = {Path(stage['config']).stem.replace('matching_boosted', 'matching'), stage['name'], name}
    options = {}
    for pattern, overrides in preset.items():
        if any(one and fnmatchcase(one, pattern) for one in names):
            options |= overrides
    return {**options, 'train_cfg.max_iters': 1, 'log_level': 'ERROR'}


@pytest.fixture(scope='module')
def annotations(tmp_path_factory) -> Path:
    """A patient a vendor; the right breasts of the seen ones are trained on, all others tested."""
    root = tmp_path_factory.mktemp('vendors')
    changes = {'finding.malignant_share': 1.0, 'finding.benign_share': 0.0}
    make_phantoms(
        root / 'p', cases=6, seed=1, preset='vendors', size='96x64x4', split=(0, 0, 1), workers=1, overrides=changes
    )
    convert_dataset('phantom', root / 'p', root / 'ann.json', modality=['FFDM'])
    annotations = read_annotations(root / 'ann.json')
    seen = [maker for makers in VENDORS.values() for maker in makers]
    splits = {'R': 'train', 'L': 'test'}
    annotations.images[:] = [
        replace(image, split=splits[image.view[0]]) if image.manufacturer in seen else image
        for image in annotations.images
    ]
    place = max(n for n, image in enumerate(annotations.images) if image.manufacturer in UNSEEN)
    breast = annotations.images[place].patient_id, annotations.images[place].view[0]
    annotations.images[:] = [
        replace(image, split='validation') if (image.patient_id, image.view[0]) == breast else image
        for image in annotations.images
    ]
    write_annotations(root / 'ann.json', annotations)
    return root / 'ann.json'


@pytest.fixture(scope='module')
def stages(annotations, tmp_path_factory) -> list[dict]:
    return load_plan(tmp_path_factory.mktemp('plan'), annotations)


def in_this_process(words: list, env: dict, check: bool) -> subprocess.CompletedProcess:
    """Stands in for ``subprocess.run``, which would import everything anew for each command."""
    if words[1] == '-m':
        return subprocess.CompletedProcess(words, main(words[3:]))
    spec = importlib.util.spec_from_file_location('script', words[1])
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return subprocess.CompletedProcess(words, script.main(words[2:]) or 0)


@pytest.fixture(scope='module')
def finished(stages, tmp_path_factory) -> Path:
    """The plan with the row of MSVCL v2 and the density of DD."""
    wanted = {f'{task}_msvcl_v2' for task in PAPER._tasks} | {'density_dd'}
    chosen = []
    for stage in stages:
        name = stage['name'].removeprefix('test_').removeprefix('vendors_')
        if name.rpartition('_')[0] and any(name == f'{task}_{row}' for task in PAPER._tasks for row in
                                           (*PAPER._pretrained, *PAPER._rivals)) and name not in wanted:  # fmt: skip
            continue
        if name.startswith('pretrain_') and name not in ('pretrain_simclr', 'pretrain_msvcl_v2'):
            continue
        if 'config' in stage:
            stage = {**stage, 'cfg_options': {**small_options(stage), **stage.get('cfg_options', {})}}
            if stage['name'].startswith('pretrain_'):
                stage['cfg_options']['model.backbone.init_cfg'] = None  # ImageNet's weights are not at hand
        if name == 'tables':
            keep = [word for word in stage['command'] if '={' not in word or word.partition('=')[0] in
                    {f'msvcl_v2/{task}' for task in PAPER._tasks} | {'dd/density'}]  # fmt: skip
            stage = {**stage, 'command': keep}
        if name == 'fill':
            loading = 'train_dataloader.dataset.loading.3'
            smaller = ['--cfg-options', f'{loading}.width=96', f'{loading}.max_length=160']
            stage = {**stage, 'command': [*stage['command'], *smaller]}
        chosen.append(stage)
    out = tmp_path_factory.mktemp('out')
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kinds, 'subprocess', SimpleNamespace(run=in_this_process))
        run_stages(make_plan(chosen), out)
    return out


def numbers(finished: Path, stage: str) -> dict:
    return json.loads((finished / stage / 'vendors.json').read_text())['results']


def test_plan_has_a_training_a_test_and_numbers_of_every_row_and_task(stages):
    names = {stage['name'] for stage in stages}
    for row in (*PAPER._pretrained, *PAPER._rivals):
        for task in PAPER._tasks:
            assert {f'{task}_{row}', f'test_{task}_{row}', f'vendors_{task}_{row}'} <= names
    assert {f'pretrain_{row}' for row in PAPER._pretrained} - names == {'pretrain_random', 'pretrain_imagenet'}
    by_name = {stage['name']: stage for stage in stages}
    checkpoint = 'model.detector.backbone.init_cfg'
    assert by_name['detection_random']['cfg_options'][checkpoint] is None
    assert checkpoint not in by_name['detection_imagenet']['cfg_options']
    assert by_name['detection_eisnet']['cfg_options'][checkpoint]['checkpoint'] == '{pretrain_simclr}'
    assert by_name['match_dd']['load_from'] == '{detection_dd}'
    train = 'train_dataloader.dataset.filter_cfg.manufacturers'
    seen = [maker for makers in VENDORS.values() for maker in makers]
    assert all(
        stage['cfg_options'][train] == seen for stage in stages if stage['name'].startswith(('pretrain', 'birads'))
    )
    make_plan(stages)


def test_backbone_of_the_pretraining_starts_every_task(finished):
    state = torch.load(finished / 'pretrain_msvcl_v2/iter_1.pth', weights_only=False)['state_dict']
    for stage in ('detection', 'birads', 'density'):
        config = (finished / f'{stage}_msvcl_v2').glob('*.py')
        assert 'pretrain_msvcl_v2/iter_1.pth' in next(config).read_text()
    assert any(name.startswith('backbone.') for name in state)


def test_every_vendor_has_numbers_and_means_are_of_them(finished):
    seen = [maker for makers in VENDORS.values() for maker in makers]
    found = numbers(finished, 'vendors_density_msvcl_v2')
    values = [found[f'{maker}/density']['metrics']['accuracy']['value'] for maker in seen]
    assert found['seen/density']['metrics']['accuracy']['value'] == pytest.approx(sum(values) / 3)
    assert found['unseen/density']['groups'] == UNSEEN
    detected = numbers(finished, 'vendors_detection_msvcl_v2')
    assert all('AP50' in detected[f'{maker}/coco']['metrics'] for maker in (*seen, *UNSEEN))
    assert {f'{maker}/mass_birads' for maker in UNSEEN} <= set(numbers(finished, 'vendors_birads_msvcl_v2'))
    pairs = numbers(finished, 'vendors_match_msvcl_v2')
    assert set(pairs) >= {*seen, *UNSEEN, 'seen', 'unseen'}


def test_page_has_the_four_tables_beside_the_paper(finished):
    page = (finished / 'tables/tables.md').read_text()
    assert [line for line in page.splitlines() if line.startswith('#')] == [
        f'### Table {number}' for number in ('II', 'III', 'IV', 'V')
    ]
    second, third, fourth, fifth = read_tables(page)
    (row,) = second
    assert (row['row'], row['paper, seen'], row['paper, unseen']) == ('MSVCL v2', '91.2', '91.3')
    found = numbers(finished, 'vendors_density_msvcl_v2')['unseen/density']['metrics']['accuracy']['value']
    assert third[0]['density, unseen'] == f'{100 * found:.1f}'
    assert [row['row'] for row in fourth] == [row['row'] for row in fifth] == ['DD', 'MSVCL v2']
    assert fifth[0]['detection, seen'] == '' and fifth[0]['density, seen'] != ''


def test_effect_of_higher_scores_on_froc_is_measured(finished):
    content = json.loads((finished / 'boost/boost.json').read_text())
    assert {'mm3d-2d', 'coco'} <= set(content['results'])
    assert content['settings']['targets'] == ['mass']


def test_shifts_of_dd_come_from_three_banks(finished):
    for bank, losses in (('bank_cp', {'use_cycle': False}), ('bank_r', {'identity_weight': 0.0}), ('bank', {})):
        content = json.loads((finished / bank / 'styles.json').read_text())
        assert list(content['styles']) == list(VENDORS) and len(content['digests']) == 6
        source = finished / content['sources']['A_to_B']
        model = Config.fromfile(next(source.parent.glob('*.py'))).model
        assert all(model[name] == value for name, value in losses.items())
    assert any((finished / 'bank_cp/translated').iterdir()), 'training of DD has shown the shifted styles'


def test_distances_of_vendors_are_those_of_shown_images(finished, annotations, tmp_path):
    model = finished / 'density_msvcl_v2'
    config, out = next(model.glob('*.py')), tmp_path / 'distances.json'
    words = ['style_distances.py', str(finished / 'bank'), str(config), str(model / 'iter_1.pth')]
    script = [str(PROJECT / words[0]), *words[1:], '--ann', str(annotations), '--json', str(out)]
    assert in_this_process(['python', *script], {}, True).returncode == 0
    found = json.loads(out.read_text())
    assert set(found) == {f'{one}_to_{other}' for one in VENDORS for other in VENDORS if one != other}
    for name in ('frechet', 'mmd'):
        before = {direction: row['before'][name] for direction, row in found.items()}
        assert before['A_to_B'] == pytest.approx(before['B_to_A'], rel=1e-6)
        assert before['A_to_B'] != pytest.approx(found['A_to_B']['after'][name], rel=1e-6)
