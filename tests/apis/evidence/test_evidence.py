"""A whole run through the command: what the pack says, and that it is what other commands say."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from mammo_plugins.commands.main import main
from mammo_plugins.io import read_annotations

from .conftest import CONFIG, freeze, run

SECTIONS = ('plan', 'flow', 'unreadable', 'partition', 'population', 'numbers', 'curves', 'calibration', 'subgroups',
            'failures', 'robustness', 'repeatability', 'run-time', 'software', 'checklists')  # fmt: skip
QUICK = ('--skip', 'robustness', 'repeatability')


@pytest.fixture(name='told', scope='module')
def told_fixture(evidence) -> dict:
    return json.loads((evidence / 'evidence.json').read_text())


def test_page_has_every_section_and_no_link_leads_nowhere(evidence):
    page = (evidence / 'evidence.html').read_text()
    anchors = set(re.findall(r' id="([^"]+)"', page))
    assert set(SECTIONS) <= anchors
    assert set(re.findall(r'href="#([^"]+)"', page)) <= anchors
    assert 'Not measured' not in page.replace('there is no GPU', '')


def test_numbers_are_those_of_mammo_evaluate(evidence, told, ann, tmp_path):
    out = tmp_path / 'numbers.json'
    scoring = [
        str(evidence / 'predictions/predictions.csv'),
        '--ann',
        str(ann),
        '--split',
        'test',
        '--modality',
        'FFDM',
    ]
    assert main(['evaluate', *scoring, '--protocol', 'center-hit', '--bootstrap', '50', '--json', str(out)]) == 0
    metrics = json.loads(out.read_text())['results']['center-hit']['metrics']
    number = next(one for one in told['numbers'] if one['number'] == 'FAUC-1')
    assert {name: number[name] for name in ('value', 'low', 'high')} == {
        name: metrics['FAUC-1'][name] for name in ('value', 'low', 'high')
    }


def test_predictions_are_those_of_mammo_test(evidence, bundle, ann, tmp_path):
    found = tmp_path / 'found.csv'
    assert main(['test', '--model', str(bundle), '--ann', str(ann), '--out', str(found), '--work-dir',
                 str(tmp_path / 'w')]) == 0  # fmt: skip

    def scores(path):
        with open(path, newline='') as file:
            return sorted(float(row['Score']) for row in csv.DictReader(file) if row['Score'])

    assert scores(evidence / 'predictions/predictions.csv') == pytest.approx(scores(found), rel=1e-4)


def test_every_number_says_what_it_is_of(told):
    shares = [one for one in told['numbers'] if one['denominator'] is not None]
    assert {one['number'] for one in shares} >= {'R@0.25', 'R@0.5', 'Breast sensitivity at specificity 0.9'}
    assert all(one['value'] == pytest.approx(one['numerator'] / one['denominator']) for one in shares)
    assert all(one['of'] and one['method'] for one in told['numbers'])
    positive = next(one for one in told['numbers'] if one['number'] == 'FAUC-1 (positive images)')
    assert positive['of'] == '6 findings, false positives over 4 images, 2 patients'


def test_flow_adds_up(told, ann):
    images = read_annotations(ann).select(split='test').images
    flow = told['flow']
    excluded = sum(one['images'] for one in flow['excluded'])
    assert flow['candidates']['images'] == len(images) == excluded + flow['analysed']['images']
    assert flow['analysed']['images'] == sum(image.modality == 'FFDM' for image in images)
    assert [one['split'] for one in flow['splits']] == ['train', 'validation', 'test']


def test_subgroups_flag_small_cells_and_adjust_for_all_tests(told):
    subgroups = told['subgroups']
    assert all('fewer than 3 patients' in cell['flags'] for cell in subgroups['cells'])
    views = [cell for cell in subgroups['cells'] if cell['by'] == 'view' and cell['protocol'] == 'mm3d-2d']
    assert [(cell['group'], cell['images']) for cell in views] == [('CC', 4), ('MLO', 4)]
    tests = subgroups['tests']
    assert subgroups['num_tests'] == len(tests) == 6  # two groups of three groupings each, two protocols
    assert all(test['p_holm'] >= test['p_value'] for test in tests)


def test_failures_are_findings_that_nothing_hits(told):
    found = told['failures']
    assert found['counts']['worst misses'] == 6 and len(found['worst misses']) == 2
    assert [one['best_score'] for one in found['worst misses']] == [None, None]
    scores = [one['score'] for one in found['worst false marks']]
    assert scores == sorted(scores, reverse=True) and scores[-1] >= found['threshold']


def test_changes_of_the_images_change_scores_and_are_paired(told):
    changes = {one['change']: one for one in told['robustness']}
    assert list(changes) == ['window', 'noise', 'blur', 'jpeg', 'missing-view']
    assert {name: one['images'] for name, one in changes.items()} == {
        **dict.fromkeys(('window', 'noise', 'blur', 'jpeg'), 8), 'missing-view': 4
    }  # fmt: skip
    before = {one['number']: one['value'] for one in told['numbers']}
    for name in ('window', 'noise', 'blur', 'jpeg'):
        auc = next(one for one in changes[name]['differences'] if one['number'] == 'Breast AUC')
        assert auc['first'] == pytest.approx(before['Breast AUC'])
    assert any(one['first'] != one['second'] for change in changes.values() for one in change['differences']), (
        'nothing was changed'
    )


def test_the_same_images_get_the_same_scores(told):
    runs = {one['run']: one for one in told['repeatability']['runs']}
    assert runs['the same again'] == {
        'run': 'the same again', 'score': 0.0, 'image_score': 0.0, 'label': None, 'other_number': 0
    }  # fmt: skip
    assert runs['two cases at a time']['score'] < 1e-4
    assert told['run_time']['studies'] == 2 and 0 < told['run_time']['median_s'] <= told['run_time']['slowest_s']


def test_bill_of_materials_names_what_is_installed_and_the_model(evidence, told):
    bill = json.loads((evidence / 'sbom.cdx.json').read_text())
    assert (bill['bomFormat'], bill['specVersion']) == ('CycloneDX', '1.6')
    by_name = {one['name'].lower(): one for one in bill['components']}
    assert by_name['numpy']['purl'] == f'pkg:pypi/numpy@{by_name["numpy"]["version"]}'
    assert by_name['toy-ffdm']['hashes'][0]['content'] == told['plan']['model']['digest']
    refs = [one['bom-ref'] for one in bill['components']]
    assert len(set(refs)) == len(refs) == told['software']['components']


def test_checklists_follow_what_was_measured(evidence, told, tmp_path):
    def state(checklists, title, number):
        items = next(one['items'] for one in checklists if one['title'] == title)
        return next(item['state'] for item in items if item['number'] == number)

    assert state(told['checklists'], 'CLAIM 2024', '30') == 'filled'
    assert state(told['checklists'], 'STARD-AI 2025', '6') == 'by hand'
    assert run(evidence.parent / 'plan.json', tmp_path, *QUICK) == 0
    quick = json.loads((tmp_path / 'evidence.json').read_text())
    assert state(quick['checklists'], 'CLAIM 2024', '30') == 'by hand'
    assert quick['look']['look'] == told['look']['look'] + 1
    assert 'Not measured: left out by --skip robustness' in (tmp_path / 'evidence.html').read_text()


def test_results_name_no_folder(evidence):
    place = str(evidence.parent)
    for path in evidence.rglob('*'):
        if path.is_file():
            assert place.encode() not in path.read_bytes(), path.name


def test_modality_that_is_only_read_is_not_scored(ffdm_checkpoint, ann, tmp_path):
    model, plan = tmp_path / 'both.zip', tmp_path / 'plan.json'
    (tmp_path / 'about.json').write_text('{"name": "both"}')
    both = ['--about', f'{tmp_path}/about.json', '--cfg-options', 'test_dataloader.dataset.modality=[FFDM,SM]']
    assert main(['model', 'export', CONFIG, str(ffdm_checkpoint), str(model), *both]) == 0
    frozen = ['--ann', str(ann), '--modality', 'SM', '--protocol', 'center-hit', '--bootstrap', '20']
    assert main(['evidence', 'freeze', '--model', str(model), *frozen, '--robustness', 'jpeg', '--out', str(plan)]) == 0
    assert run(plan, tmp_path / 'out', '--skip', 'repeatability') == 0
    told = json.loads((tmp_path / 'out/evidence.json').read_text())
    flow = {one['reason']: one['images'] for one in told['flow']['excluded']}
    assert (len(told['plan']['images']), told['flow']['analysed']['images']) == (16, 8)
    assert flow == {'the model does not read it': 8, 'read beside an image that is scored': 8}
    assert told['robustness'][0]['images'] == 8 and told['partition']['tested_images'] == 16
    assert all(one['image'].endswith('(SM)') for one in told['failures']['worst misses'])


def test_unreadable_files_are_counted_by_reason(bundle, phantom_root, tmp_path):
    ann = copy_of(phantom_root, tmp_path / 'data')
    annotations = read_annotations(ann)
    image = annotations.select(split='test', modality='FFDM').images[0]
    path = annotations.resolve_path(image)
    path.write_bytes(path.read_bytes()[:3000])
    for policy, analysed in (('exclude', 7), ('miss', 8)):
        folder = tmp_path / policy
        folder.mkdir()
        plan = freeze(folder, bundle, ann, '--unreadable', policy)
        assert run(plan, folder / 'out', *QUICK) == 0
        told = json.loads((folder / 'out/evidence.json').read_text())
        assert told['flow']['analysed']['images'] == analysed
        (reason,) = told['unreadable']
        assert reason['ids'] == [image.id] and reason['reason'] and str(tmp_path) not in json.dumps(told)


def copy_of(phantom_root: Path, folder: Path) -> Path:
    """The phantoms that a test may change, and their annotation file."""
    import shutil

    shutil.copytree(phantom_root / 'phantoms', folder / 'phantoms')
    shutil.copy(phantom_root / 'phantoms.json', folder)
    return folder / 'phantoms.json'
