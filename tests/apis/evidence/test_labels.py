"""Evidence of a model that gives labels and no findings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mammo_plugins.commands.main import main
from tests.apis.beyond_boxes.conftest import trained  # noqa: F401 - a fixture

from .conftest import run
from .test_evidence import copy_of

TRUST = '--trust-checkpoint'


@pytest.fixture(name='model', scope='module')
def model_fixture(trained, tmp_path_factory) -> Path:  # noqa: F811
    """A model that tells malignancy and density of breasts."""
    folder = tmp_path_factory.mktemp('labels')
    config, checkpoint = trained('breast')
    about, model = folder / 'about.json', folder / 'model.zip'
    about.write_text(json.dumps({'name': 'toy-labels'}))
    assert main(['model', 'export', str(config), str(checkpoint), str(model), '--about', str(about), TRUST]) == 0
    return model


def pack_of(model: Path, ann: Path, folder: Path, *arguments: str) -> tuple[dict, str]:
    """Freezes and runs a plan by the commands: what the pack says, and its page."""
    plan = folder / 'plan.json'
    frozen = ['--model', str(model), '--ann', str(ann), '--out', str(plan), '--bootstrap', '30', *arguments]
    assert main(['evidence', 'freeze', *frozen]) == 0
    assert run(plan, folder / 'out', TRUST, '--repeat-images', '4') == 0
    return json.loads((folder / 'out/evidence.json').read_text()), (folder / 'out/evidence.html').read_text()


@pytest.fixture(name='told', scope='module')
def told_fixture(model, ann, tmp_path_factory):
    arguments = ['--subgroups', 'manufacturer', 'type', '--robustness', 'window', 'missing-view']
    return pack_of(model, ann, tmp_path_factory.mktemp('told'), *arguments)


def test_plan_counts_no_findings(told):
    evidence, page = told
    assert evidence['plan']['protocols'] == {} and evidence['failures'] is None
    assert 'The model gives no findings: none can be missed or false.' in page


def test_numbers_are_of_labels_with_their_shares(told):
    numbers = {one['number']: one for one in told[0]['numbers']}
    assert {'malignant: auc', 'malignant: brier', 'density: quadratic_kappa'} <= set(numbers)
    share = numbers['malignant: sensitivity']
    assert share['denominator'] == 2 and share['value'] == share['numerator'] / 2
    assert share['of'].startswith('4 cases of 2 patients (2 0, 2 1)')


def test_labels_have_calibration_curves_subgroups_and_robustness(told):
    evidence, page = told
    assert 'ROC of malignant of each side.' in page and 'malignant of each side.' in page
    assert {cell['by'] for cell in evidence['subgroups']['cells']} == {'manufacturer'}  # labels are not of findings
    assert [test['number'] for test in evidence['subgroups']['tests']] == ['auc', 'macro_auc']
    window, missing = evidence['robustness']
    assert {one['number'] for one in window['differences']} >= {'malignant: auc', 'density: accuracy'}
    assert missing['images'] == 4 and evidence['repeatability']['runs'][0]['label'] == 0.0


def test_checklists_leave_what_labels_do_not_fill(told):
    claim = {item['number']: item for item in told[0]['checklists'][0]['items']}
    assert claim['39']['state'] == 'by hand' and 'left out here: failures' in claim['39']['rest']


def test_group_of_which_nobody_knows_the_label_is_an_empty_cell(model, phantom_root, tmp_path):
    ann = copy_of(phantom_root, tmp_path / 'data')
    content = json.loads(ann.read_text())
    tested = [image for image in content['images'] if (image['split'], image['modality']) == ('test', 'FFDM')]
    first = tested[0]['manufacturer']
    for image in tested:
        if image['manufacturer'] == first:
            image['labels'].pop('density')
    ann.write_text(json.dumps(content))
    evidence, page = pack_of(model, ann, tmp_path, '--subgroups', 'manufacturer', '--robustness')
    cells = [one for one in evidence['subgroups']['cells'] if one['protocol'].endswith(': density')]
    assert {one['group']: one['cases'] == 0 for one in cells} == {
        image['manufacturer']: image['manufacturer'] == first for image in tested
    }
    (empty,) = [one for one in cells if one['group'] == first]
    assert 'empty: no case with this label' in empty['flags'] and 'empty: no case with this label' in page
    assert all(number['value'] is None for number in empty['numbers'].values())
    test = next(one for one in evidence['subgroups']['tests'] if one['protocol'].endswith(': density'))
    assert test['p_value'] is None and test['reason']


def test_label_that_nobody_knows_has_no_number_and_spoils_no_look(model, phantom_root, tmp_path):
    ann = copy_of(phantom_root, tmp_path / 'data')
    content = json.loads(ann.read_text())
    for image in content['images']:
        image['labels'].pop('density', None)
    ann.write_text(json.dumps(content))
    evidence, _ = pack_of(model, ann, tmp_path, '--subgroups', 'manufacturer', '--robustness', 'window')
    numbers = [one for one in evidence['numbers'] if one['number'].startswith('density: ')]
    assert numbers and all(one['value'] is None and one['of'].startswith('0 cases') for one in numbers)
    assert next(one for one in evidence['numbers'] if one['number'] == 'malignant: auc')['value'] is not None
