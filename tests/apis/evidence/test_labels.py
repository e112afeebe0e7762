"""Evidence of a model that gives labels and no findings."""

from __future__ import annotations

import json

import pytest

from mammo_plugins.commands.main import main
from tests.apis.beyond_boxes.conftest import trained  # noqa: F401 - a fixture

from .conftest import run


@pytest.fixture(name='told', scope='module')
def told_fixture(trained, ann, tmp_path_factory):  # noqa: F811
    folder = tmp_path_factory.mktemp('labels')
    config, checkpoint = trained('breast')
    about, model, plan = folder / 'about.json', folder / 'model.zip', folder / 'plan.json'
    about.write_text(json.dumps({'name': 'toy-labels'}))
    trust = '--trust-checkpoint'
    assert main(['model', 'export', str(config), str(checkpoint), str(model), '--about', str(about), trust]) == 0
    arguments = ['--subgroups', 'manufacturer', 'type', '--bootstrap', '30', '--robustness', 'window', 'missing-view']
    assert main(['evidence', 'freeze', '--model', str(model), '--ann', str(ann), '--out', str(plan), *arguments]) == 0
    assert run(plan, folder / 'out', trust, '--repeat-images', '4') == 0
    return json.loads((folder / 'out/evidence.json').read_text()), (folder / 'out/evidence.html').read_text()


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
