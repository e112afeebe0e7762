"""Studies of classifiers and of segmenters, each declared in one file, through the command."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from mammo_plugins.apis.train import train
from mammo_plugins.commands.study import main
from mammo_plugins.evaluation import evaluate_labels, read_labels
from mammo_plugins.evaluation.evaluate_saliency import evaluate_saliency
from mammo_plugins.io import read_annotations
from tests.markdown_tables import read_tables


def run(study: Path, out: Path, *arguments: str) -> int:
    fixed = ['--preset', 'tiny', '--seeds', '3', '--workers', '1', '--bootstrap', '25']
    return main([str(study), '--out', str(out), *fixed, *arguments])


def weights(folder: Path, step: int = 6) -> dict[str, torch.Tensor]:
    return torch.load(folder / f'iter_{step}.pth', weights_only=False)['state_dict']


@dataclass(frozen=True)
class Finished:
    """A study of classifiers that was killed on its way: its file and folder, and what it said and left then."""

    study: Path
    out: Path
    message: str
    records: set[str]
    stamps: dict[Path, int]

    @property
    def content(self) -> dict:
        return json.loads((self.out / 'results.json').read_text())


@pytest.fixture(scope='module')
def classifiers(write_classifiers, tmp_path_factory):
    study, out = write_classifiers('classifiers.py'), tmp_path_factory.mktemp('classifiers')
    with contextlib.redirect_stderr(io.StringIO()) as said:
        assert run(study, out) == 2
    records = {path.stem for path in (out / 'seed3/stages').glob('*.json')}
    killed = Finished(study, out, said.getvalue(), records, {p: p.stat().st_mtime_ns for p in out.rglob('iter_*.pth')})
    assert not (out / 'results.json').exists() and run(study, out) == 0
    return killed


@pytest.fixture(scope='module')
def segmented(segmenters, tmp_path_factory):
    out = tmp_path_factory.mktemp('segmenters')
    assert run(segmenters, out) == 0
    return out, json.loads((out / 'results.json').read_text())


def test_numbers_of_classifiers_are_those_of_mammo_evaluate(classifiers):
    annotations = read_annotations(classifiers.out / 'seed3/phantoms.json').select(modality='FFDM', split='test')
    for row in ('plain', 'tuned', 'tuned_half'):
        predictions = read_labels(classifiers.out / f'seed3/predictions/{row}-labels.csv')
        scored = evaluate_labels(predictions, annotations)['malignant']
        numbers = classifiers.content['rows'][row]['test']
        for name in ('auc', 'accuracy'):
            assert numbers[name]['by_seed'] == [pytest.approx(scored.numbers[name].value)]
            mean = numbers[name]['mean']
            assert mean['low'] <= mean['value'] <= mean['high']


def test_vendors_are_read_apart_and_averaged(classifiers):
    out, row = classifiers.out, classifiers.content['rows']['plain']
    seen, unseen, mean = (row[name]['accuracy']['by_seed'][0] for name in ('seen', 'unseen', 'vendors'))
    assert mean == pytest.approx((seen + unseen) / 2)
    annotations = read_annotations(out / 'seed3/phantoms.json').select(modality='FFDM', split='test')
    vendors = annotations.keep(image.manufacturer == 'Phantom Vendor C' for image in annotations.images)
    assert 0 < len(vendors.images) < len(annotations.images)
    scored = evaluate_labels(read_labels(out / 'seed3/predictions/plain-labels.csv'), vendors, lenient=True)
    assert unseen == pytest.approx(scored['malignant'].numbers['accuracy'].value)


def test_shared_stages_are_trained_once_and_their_weights_used(classifiers):
    out, content = classifiers.out, classifiers.content
    assert {path.name for path in (out / 'seed3/work_dirs').iterdir()} == {
        'pretraining', 'plain', 'warm', 'tuned', 'tuned_half',
        'test-plain', 'test-tuned', 'test-tuned_half',
    }  # fmt: skip
    assert set(content['seconds']) == {'3/pretraining', '3/plain', '3/tuned', '3/tuned_half'}
    records = {name: json.loads((out / f'seed3/stages/{name}.json').read_text()) for name in ('warm', 'tuned_half')}
    assert list(records['warm']['inputs'])[0] == '{pretraining}'
    assert records['tuned_half']['inputs']['{warm}']
    subset = records['tuned_half']['settings']['config']['train_dataloader']['dataset']['subset']
    assert subset == {'patient_fraction': 0.5, 'seed': 3}


def test_page_has_rows_claims_and_the_numbers_of_the_paper(classifiers):
    out, content = classifiers.out, classifiers.content
    rows, claims = read_tables((out / 'tables.md').read_text())
    shown = {row['row']: row for row in rows}
    mean = content['rows']['plain']['test']['auc']['mean']
    assert shown['Plain']['AUC, held out'] == f'{mean["value"]:.3f} [{mean["low"]:.3f}, {mean["high"]:.3f}]'
    assert '| 0.700 [0.600, 0.800] |' in (out / 'tables.md').read_text()
    assert '| 0.820 ± 0.050 |' in (out / 'tables.md').read_text()
    assert shown['Pretrained, half of the data']['accuracy, mean of vendors'] == ''
    assert content['rows']['plain']['test']['auc']['paper_interval'] == [0.6, 0.8]
    assert [claim['paper'] for claim in content['claims']] == [0.12, 0.03]
    assert [claim['in'] for claim in claims] == ['AUC (held out)', 'accuracy (mean of vendors)']
    tuned, plain = (content['rows'][name]['test']['auc']['by_seed'][0] for name in ('tuned', 'plain'))
    assert content['claims'][0]['by_seed'] == [pytest.approx(tuned - plain)]


def test_killed_study_goes_on_where_it_was(classifiers):
    assert 'seed 3, tuned (' in classifiers.message and 'run the study again' in classifiers.message
    assert 'warm' in classifiers.records and 'tuned.begun' in classifiers.records
    assert 'tuned' not in classifiers.records and 'test-tuned' not in classifiers.records
    steps = {f'{path.parent.name}/{path.stem}' for path in classifiers.stamps}
    assert {
        'pretraining/iter_2',
        'warm/iter_2',
        'tuned/iter_2',
        'tuned/iter_4',
    } <= steps and 'tuned/iter_6' not in steps
    assert {path: path.stat().st_mtime_ns for path in classifiers.stamps} == classifiers.stamps  # not trained again


def test_killed_study_ends_with_the_weights_of_an_uninterrupted_training(classifiers, tmp_path):
    seed = classifiers.out / 'seed3'
    start = {'load_from': str(seed / 'work_dirs/warm/iter_2.pth')}
    train(seed / 'configs/tuned.py', work_dir=tmp_path, cfg_options=start)
    expected, resumed = weights(tmp_path), weights(seed / 'work_dirs/tuned')
    moved = weights(seed / 'work_dirs/warm', 2)['stem.weight'] - expected['stem.weight']
    rest = max((expected[name] - resumed[name]).abs().max() for name in expected)  # of another number of threads
    assert rest < 1e-6 < 1e-3 < moved.abs().max()


def test_another_config_is_said_and_redone_with_what_builds_on_it(classifiers, write_classifiers, tmp_path, capsys):
    """In a folder that has moved, which alone is no change."""
    out, rows = tmp_path / 'moved', ('--rows', 'tuned')
    shutil.copytree(classifiers.out, out)
    trained = out / 'seed3/work_dirs/tuned'
    before, stamp = weights(trained), (trained / 'iter_6.pth').stat().st_mtime_ns
    assert run(classifiers.study, out, *rows) == 0
    assert (trained / 'iter_6.pth').stat().st_mtime_ns == stamp
    capsys.readouterr()
    write_classifiers(classifiers.study.name, lr=0.25)
    try:
        assert run(classifiers.study, out, *rows) == 2
        message = capsys.readouterr().err
        assert (
            message.startswith('error: warm in ') and 'was done with another config' in message and '--redo' in message
        )
        assert run(classifiers.study, out, *rows, '--redo') == 0
    finally:
        write_classifiers(classifiers.study.name)
    assert not torch.equal(weights(trained)['head.bias'], before['head.bias'])
    # What built on the old weights and was not asked for is not done any more.
    assert list(json.loads((out / 'results.json').read_text())['rows']) == ['plain', 'tuned']


def test_numbers_of_segmenters_are_those_of_mammo_evaluate(segmented):
    out, content = segmented
    for where, name in (('seen', 'glow-seen'), ('unseen', 'glow-unseen')):
        annotations = read_annotations(out / f'seed3/{where}/phantoms.json').select(modality='FFDM', split='test')
        vendor = {'seen': 'Phantom Vendor A', 'unseen': 'Phantom Vendor D'}[where]
        assert {image.manufacturer for image in annotations.images} == {vendor}
        scored = evaluate_saliency(out / f'seed3/predictions/{name}-maps', annotations, threshold=0.4)
        for kind in ('malignant', 'benign'):
            numbers = content['rows']['glow'][f'{where} {kind} maps']
            for number in ('dice', 'pxap_image', 'pxap_dataset'):
                assert numbers[number]['by_seed'] == [pytest.approx(scored[kind].numbers[number].value)]
                assert (
                    numbers[number]['mean']['low']
                    <= numbers[number]['mean']['value']
                    <= numbers[number]['mean']['high']
                )
        labels = evaluate_labels(read_labels(out / f'seed3/predictions/{name}-labels.csv'), annotations)['malignant']
        assert content['rows']['glow'][where]['auc']['by_seed'] == [pytest.approx(labels.numbers['auc'].value)]


def test_segmenters_have_a_table_each_and_a_tested_claim(segmented):
    out, content = segmented
    page = (out / 'tables.md').read_text()
    assert page.startswith('### Maps\n') and '### Labels\n' in page
    maps, labels, claims = read_tables(page)
    assert [row['row'] for row in maps] == ['Glow', 'Dim'] and [row['row'] for row in labels] == ['Glow']
    assert 'auc, seen' in labels[0] and 'auc, seen' not in maps[0]
    first, second = (
        content['rows'][name]['seen malignant maps']['pxap_dataset']['by_seed'][0] for name in ('glow', 'dim')
    )
    claim = content['claims'][0]
    assert claim['by_seed'] == [pytest.approx(first - second)] and claim['difference']['low'] is not None
    assert content['rows']['dim']['seen malignant maps']['dice']['paper_spread'] == 0.25


def test_two_data_sets_are_drawn_apart(segmented):
    out, _ = segmented
    files = [read_annotations(out / f'seed3/{name}/phantoms.json') for name in ('seen', 'unseen')]
    boxes = [{finding.bbox_xywh for finding in annotations.findings} for annotations in files]
    assert all(boxes) and not boxes[0] & boxes[1]
