"""Files that declare studies: what they become, and what is said of mistakes in them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from mmengine.config import Config

from mammo_plugins.apis.study import catalogue, find_study, run_study
from mammo_plugins.apis.study.page import default_columns
from mammo_plugins.apis.study.phantom_config import entry_options, phantom_config, use_annotations
from mammo_plugins.apis.study.readings import Average, Reading
from mammo_plugins.apis.study.rows import RowTest
from mammo_plugins.apis.study.seed_folder import SeedFolder
from mammo_plugins.apis.study.study_file import read_study
from tests.evaluation.conftest import build_annotations

ROOT = Path(__file__).parents[3]


@pytest.fixture
def classifiers(write_classifiers):
    return read_study(write_classifiers('read.py'))


@pytest.fixture
def changed(write_classifiers, tmp_path):
    """The study of classifiers with some text replaced."""
    text = write_classifiers('read.py').read_text()

    def change(old: str, new: str) -> Path:
        assert old in text
        path = tmp_path / 'changed.py'
        path.write_text(text.replace(old, new))
        return path

    return change


def test_grid_of_maps_is_for_readings_of_maps():
    assert Reading('maps', 'malignant', ['soft_dice'], reader='saliency', grid='image').grid == 'image'
    with pytest.raises(ValueError, match='grid is for readings of saliency maps, not of labels'):
        Reading('labels', 'malignant', ['auc'], reader='labels', grid='image')


def test_entries_are_shared_stages_then_those_of_rows_then_tests(classifiers):
    names = [entry.name for entry in classifiers.entries()]
    assert names == [
        'pretraining', 'plain', 'warm', 'tuned', 'tuned_half', 'test-plain', 'test-tuned', 'test-tuned_half'
    ]  # fmt: skip
    assert [entry.row for entry in classifiers.entries()][:3] == [None, 'plain', 'tuned']


def test_row_runs_what_it_builds_on_and_no_more(classifiers):
    needed = [entry.name for entry in classifiers.needed_entries([classifiers.row('tuned_half')])]
    assert needed == ['pretraining', 'warm', 'tuned_half', 'test-tuned_half']
    alone = classifiers.select(['tuned_half'])  # what other rows train for it is shared now
    assert [entry.name for entry in alone.entries()] == needed and not alone.claims
    assert classifiers.select(['tuned', 'plain']).claims == classifiers.claims


def test_options_of_a_preset_go_by_name_of_stage_or_config(classifiers):
    preset, entries = classifiers.presets['tiny'], {entry.name: entry for entry in classifiers.entries()}
    assert entry_options(entries['plain'], preset) == {'optim_wrapper.optimizer.lr': 0.5}
    assert entry_options(entries['warm'], preset)['train_cfg.max_iters'] == 2
    assert 'custom_hooks' in entry_options(entries['tuned'], preset)
    # A test has the config of the stage that it tests, with what the row overrides there.
    assert 'train_dataloader.dataset.subset.patient_fraction' in entry_options(entries['test-tuned_half'], preset)


def test_config_reads_the_phantoms_in_every_data_set_and_metric(segmenters, tmp_path):
    study = read_study(segmenters)
    files = {'seen': tmp_path / 'a.json', 'unseen': tmp_path / 'b.json'}
    entries = {entry.name: entry for entry in study.entries()}
    for name, file in (('glow', 'a.json'), ('test-glow-unseen', 'b.json')):
        cfg = phantom_config(entries[name], study.presets['tiny'], files, tmp_path, 7)
        assert {cfg[f'{part}_dataloader'].dataset.ann_file for part in ('train', 'val', 'test')} == {
            str(tmp_path / file)
        }
        assert {metric.ann_file for metric in cfg.test_evaluator} == {str(tmp_path / file)}
        assert cfg.randomness.seed == 7 and cfg.load_from is None and cfg.train_cfg.max_iters == 3
        assert [hook.type for hook in cfg.custom_hooks] == ['IterationSeedHook']


def test_data_set_of_several_files_reads_the_phantoms_as_often():
    cfg = Config(dict(
        train_dataloader=dict(
            dataset=dict(type='Wrapper', dataset=dict(ann_file=['a.json', 'b.json'], data_root='data'))
        ),
        test_evaluator=[dict(type='ToyError'), dict(type='LabelMetric', ann_file='a.json')],
    ))  # fmt: skip
    use_annotations(cfg, Path('/p/phantoms.json'))
    assert cfg.train_dataloader.dataset.dataset == dict(ann_file=['/p/phantoms.json'] * 2, data_root='')
    assert cfg.test_evaluator == [dict(type='ToyError'), dict(type='LabelMetric', ann_file='/p/phantoms.json')]


def test_test_of_another_split_has_it_in_data_and_metrics(segmenters, tmp_path):
    study = read_study(segmenters)
    row = replace(study.rows[0], tests=[*study.rows[0].tests, RowTest('val', split='validation', data='seen')])
    folder = SeedFolder(replace(study, rows=[row], claims=[], tables=[]), 'tiny', 0, tmp_path)
    folder.write_configs(folder.study.entries())
    cfg = Config.fromfile(tmp_path / 'configs/test-glow-val.py')
    assert cfg.test_dataloader.dataset.split == 'validation'
    assert [metric.split for metric in cfg.test_evaluator] == ['validation', 'validation']
    assert cfg.test_evaluator[0].outfile == str(tmp_path / 'predictions/glow-val-labels.csv')
    assert cfg.test_evaluator[1].outdir == str(tmp_path / 'predictions/glow-val-maps')
    assert cfg.val_evaluator[1].outdir == str(tmp_path / 'work_dirs/test-glow-val/val-maps')


def test_average_is_of_readings_and_has_a_column(classifiers):
    mean = classifiers.row('plain').reading('vendors')
    assert isinstance(mean, Average) and mean.of == [('seen', 'accuracy'), ('unseen', 'accuracy')]
    titles = [column.title for column in default_columns(classifiers, classifiers.tables[0])]
    assert titles == [
        'AUC, held out', 'paper', 'accuracy, held out', 'paper', 'accuracy, seen', 'accuracy, unseen',
        'accuracy, mean of vendors',
    ]  # fmt: skip


@pytest.mark.parametrize(
    ('old', 'new', 'message'),
    [
        ('claims = [', 'claim = [', "unknown field 'claim': expected some of readings"),
        ("('tuned', 'plain', 'test', 'auc')", "('tuned', 'plane', 'test', 'auc')", "a claim names the row 'plane'"),
        (
            "('tuned', 'plain', 'test', 'auc')",
            "('tuned', 'plain', 'test', 'dice')",
            "is about 'dice' of 'test', which row 'tuned' does not read",
        ),
        ("readings=['test']", "readings=['tests']", "row 'tuned_half' has the unknown reading 'tests'"),
        ("reader='labels', title", "reader='label', title", "has the reader 'label', which is not there: .*saliency"),
        ("('unseen', 'accuracy')]", "('unseen', 'auc')]", "'vendors' averages the number 'auc'.* expected .* accuracy"),
        ("name='tuned', title", "name='plain', title", "there are two of row 'plain'"),
        ("load_from='{warm}'", "load_from='{wram}'", "takes something from 'wram', which is no stage"),
        ("name='warm', config", "name='seed', config", "a stage is called 'seed'"),
        ("table='Fig. 2'", "figure='Fig. 2'", "row 'tuned_half' has the unknown field 'figure'"),
        ('auc=(0.7, 0.6, 0.8)', 'auc=(0.7, 0.6)', r'the number \(0.7, 0.6\) of the paper'),
        ('paper=dict(test=dict(auc=(', 'paper=dict(best=dict(auc=(', "the paper has numbers of the reading 'best'"),
        ('auc=dict(value=0.82', 'aux=dict(value=0.82', "the paper has of 'test' the number 'aux'"),
    ],
)
def test_mistake_is_named_with_the_file(changed, old, new, message):
    path = changed(old, new)
    with pytest.raises(ValueError, match=f'{re.escape(str(path))}: .*{message}'):
        read_study(path)


def test_images_that_nobody_has_are_refused_with_what_there_is(classifiers):
    annotations = build_annotations({'p0/s/lcc': ''}, modality='FFDM')
    with pytest.raises(ValueError, match=r"no image with .*'manufacturer': 'Phantom Vendor C'.*its images have"):
        classifiers.row('plain').reading('unseen').images.of(annotations)


def test_study_is_found_by_its_folder_in_projects(write_classifiers, tmp_path, monkeypatch):
    project = tmp_path / 'projects/toys/study.py'
    project.parent.mkdir(parents=True)
    project.write_text(write_classifiers('read.py').read_text())
    monkeypatch.setattr(catalogue, 'resource_roots', lambda: [tmp_path])
    assert [row.name for row in find_study('toys').rows] == ['plain', 'tuned', 'tuned_half']
    with pytest.raises(ValueError, match="unknown study 'toy': expected one of mm3d, toys, or a file"):
        run_study('toy', tmp_path / 'out')
    with pytest.raises(ValueError, match=r"there is no study 'no\.py': no config"):
        find_study('no.py')


def test_study_of_the_docs_is_one(tmp_path):
    page = (ROOT / 'docs/studies.md').read_text()
    path = tmp_path / 'study.py'
    path.write_text(page.split('```python\n')[1].split('```')[0])
    study = read_study(path)
    assert [row.name for row in study.rows] == ['sm', 'ffdm', 'fused']
    needed = [entry.name for entry in study.needed_entries([study.row('fused')])]
    assert needed == ['sm', 'ffdm', 'distilled', 'fused', 'test-fused', 'test-fused-val']
    assert all((ROOT / stage['config']).is_file() for row in study.rows for stage in row.stages)


@pytest.mark.parametrize('name', ['mm3d', 'sm_ffdm_fusion', 'glam', 'msvcl', 'disasymnet'])
def test_each_row_of_each_study_can_be_run_alone(name):
    study = find_study(name)
    for row in study.rows:
        alone = study.select([row.name])
        readings = {reading.name for one in alone.rows for reading in one.readings}
        assert row.name in [one.name for one in alone.rows]
        assert all(set(table.readings or ()) <= readings for table in alone.tables)
