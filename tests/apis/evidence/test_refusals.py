"""Everything that must not pass, through the command: changed plans, data, models, predictions and ledgers."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mammo_plugins.apis.evidence.plan import plan_digest
from mammo_plugins.commands.main import main
from mammo_plugins.io import read_annotations
from mammo_plugins.io.source_digest import digest_file

from .conftest import CONFIG, WISH, freeze, run
from .test_evidence import QUICK, copy_of


@pytest.fixture(name='plan')
def plan_fixture(bundle, ann, tmp_path) -> Path:
    return freeze(tmp_path, bundle, ann)


@pytest.fixture(name='looked', scope='module')
def looked_fixture(bundle, ann, tmp_path_factory) -> Path:
    """The folder of a plan with two looks, the results of which are in ``out``; not to be changed."""
    folder = tmp_path_factory.mktemp('looked')
    plan = freeze(folder, bundle, ann)
    for name in ('before', 'out'):
        assert run(plan, folder / name, *QUICK) == 0
    return folder


@pytest.fixture(name='copied')
def copied_fixture(looked, tmp_path, bundle, ann) -> Path:
    """A copy of that plan with its ledger and results."""
    shutil.copytree(looked, tmp_path / 'copied')
    plan = tmp_path / 'copied/plan.json'
    content = json.loads(plan.read_text())
    content['where'] = {'annotations': str(ann), 'model': str(bundle)}  # no part of the digest
    plan.write_text(json.dumps(content))
    return plan


def refused(plan: Path, out: Path, capsys, *arguments: str) -> str:
    """What a refused run says; it leaves no look."""
    before = ledger_of(plan).read_bytes() if ledger_of(plan).exists() else b''
    assert run(plan, out, *arguments) == 2
    assert (ledger_of(plan).read_bytes() if ledger_of(plan).exists() else b'') == before, 'a refused run is no look'
    return capsys.readouterr().err


def ledger_of(plan: Path) -> Path:
    """The one ledger of a folder, or a file that is not there."""
    return next(iter(plan.parent.glob('*.ledger.jsonl')), plan.with_name('none'))


def test_results_of_a_look_are_never_overwritten(copied, capsys):
    before = (copied.parent / 'out/evidence.json').read_bytes()
    assert 'results of a look are never overwritten' in refused(copied, copied.parent / 'out', capsys)
    assert (copied.parent / 'out/evidence.json').read_bytes() == before


@pytest.mark.parametrize('part', ['thresholds', 'images', 'bootstrap', 'model', 'exclusions', 'protocols'])
def test_changed_plan_is_refused(plan, tmp_path, capsys, part):
    content = json.loads(plan.read_text())
    content[part] = content[part][:-1] if isinstance(content[part], list) else {**content[part], 'more': 1}
    plan.write_text(json.dumps(content))
    assert 'was changed after it was frozen' in refused(plan, tmp_path / 'out', capsys)


def test_plan_is_never_overwritten(plan, bundle, ann, capsys):
    before = plan.read_bytes()
    again = ['evidence', 'freeze', '--model', str(bundle), '--ann', str(ann), '--out', str(plan)]
    assert main(again) == 2
    assert 'a plan is never overwritten' in capsys.readouterr().err and plan.read_bytes() == before


def test_signature_is_that_of_the_key(bundle, ann, tmp_path, capsys):
    key, other = tmp_path / 'key', tmp_path / 'other'
    key.write_bytes(bytes(range(32)))
    other.write_bytes(bytes(range(1, 33)))
    plan = freeze(tmp_path, bundle, ann, '--key', str(key))
    assert run(plan, tmp_path / 'out', '--key', str(key), *QUICK) == 0
    assert 'signed, and the signature is that of the key' in (tmp_path / 'out/evidence.html').read_text()
    assert 'was signed with another key' in refused(plan, tmp_path / 'again', capsys, '--key', str(other))
    content = json.loads(plan.read_text())
    content['min_cell'] = 1
    plan.write_text(json.dumps({**content, 'sha256': plan_digest(content)}))  # a forger has no key
    assert 'was signed with another key' in refused(plan, tmp_path / 'out', capsys, '--key', str(key))


def test_short_key_is_refused(bundle, ann, tmp_path, capsys):
    (tmp_path / 'key').write_bytes(b'secret')
    assert main(['evidence', 'freeze', '--model', str(bundle), '--ann', str(ann), '--out', str(tmp_path / 'p.json'),
                 '--key', str(tmp_path / 'key')]) == 2  # fmt: skip
    assert 'holds 6 bytes, and a key has 16 at least' in capsys.readouterr().err


def test_changed_image_is_refused_and_named(bundle, phantom_root, tmp_path, capsys):
    ann = copy_of(phantom_root, tmp_path / 'data')
    plan = freeze(tmp_path, bundle, ann)
    annotations = read_annotations(ann)
    first, second, *_ = annotations.select(split='test', modality='FFDM').images
    path = annotations.resolve_path(first)
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    said = refused(plan, tmp_path / 'out', capsys)
    name = f'{first.patient_id}/{first.study_uid}/{first.view_name}'
    assert '1 of 8 images changed' in said and f'{name} has other bytes' in said
    annotations.resolve_path(second).unlink()
    assert f'{second.patient_id}/{second.study_uid}/{second.view_name} cannot be read' in refused(
        plan, tmp_path / 'out', capsys
    )


def test_changed_annotations_are_refused_and_named(bundle, phantom_root, tmp_path, capsys):
    ann = copy_of(phantom_root, tmp_path / 'data')
    plan = freeze(tmp_path, bundle, ann)
    content = json.loads(ann.read_text())
    listed = {image['id'] for image in json.loads(plan.read_text())['images']}
    box = next(one for one in content['annotations'] if one['image_id'] in listed)
    image = next(one for one in content['images'] if one['id'] == box['image_id'])
    box['bbox'][0] += 1
    ann.write_text(json.dumps(content))
    said = refused(plan, tmp_path / 'out', capsys)
    assert f'the record or the findings of {image["patient_id"]}/{image["study_uid"]}/{image["view_name"]}' in said
    box['bbox'][0] -= 1
    content['images'] = [one for one in content['images'] if one['split'] != 'train']
    content['annotations'] = [
        one for one in content['annotations'] if one['image_id'] in {image['id'] for image in content['images']}
    ]
    ann.write_text(json.dumps(content))
    assert 'no image of the list, but something else in the file' in refused(plan, tmp_path / 'out', capsys)


def test_another_model_is_refused(plan, ffdm_checkpoint, tmp_path, capsys):
    (tmp_path / 'about.json').write_text(json.dumps({'name': 'toy-ffdm', 'version': '2.0'}))
    other = tmp_path / 'other.zip'
    assert main(['model', 'export', CONFIG, str(ffdm_checkpoint), str(other), '--about',
                 str(tmp_path / 'about.json')]) == 0  # fmt: skip
    assert 'is another model (toy-ffdm 2.0' in refused(plan, tmp_path / 'out', capsys, '--model', str(other))


def test_threshold_of_the_tested_split_is_refused(bundle, ann, tmp_path, capsys):
    assert main(['evidence', 'freeze', '--model', str(bundle), '--ann', str(ann), '--split', 'validation', '--protocol',
                 'mm3d-2d', '--threshold-fp', WISH, '--out', str(tmp_path / 'plan.json')]) == 2  # fmt: skip
    assert 'was chosen on the split validation of phantoms.json, which is to be tested' in capsys.readouterr().err


def test_threshold_of_the_tested_images_is_refused_under_another_name(bundle, phantom_root, tmp_path, capsys):
    ann = copy_of(phantom_root, tmp_path / 'data')
    content = json.loads(ann.read_text())
    exchanged = {'validation': 'test', 'test': 'validation'}
    for image in content['images']:
        image['split'] = exchanged.get(image['split'], image['split'])
    renamed = ann.with_name('ann2.json')
    renamed.write_text(json.dumps(content))
    plan = tmp_path / 'plan.json'
    frozen = ['evidence', 'freeze', '--model', str(bundle), '--ann', str(renamed), '--out', str(plan)]
    assert main([*frozen, '--protocol', 'mm3d-2d', '--threshold-fp', WISH]) == 2
    said = capsys.readouterr().err
    assert 'were chosen on 4 of the 4 images that are to be tested' in said and not plan.exists()
    assert main([*frozen, '--protocol', 'mm3d-2d']) == 0  # no threshold is used


def test_threshold_of_images_that_nobody_knows_is_not_said_to_be_of_others(
    ffdm_checkpoint, phantom_root, ann, looked, tmp_path
):
    data, found, model = copy_of(phantom_root, tmp_path / 'data'), tmp_path / 'found.csv', tmp_path / 'model.zip'
    (tmp_path / 'about.json').write_text(json.dumps({'name': 'toy-ffdm'}))
    plain = ['model', 'export', CONFIG, str(ffdm_checkpoint), str(model), '--about', str(tmp_path / 'about.json')]
    assert main(plain) == 0
    images = ['--ann', str(data), '--split', 'validation']
    assert main(['test', '--model', str(model), *images, '--out', str(found), '--work-dir', str(tmp_path / 'w')]) == 0
    shutil.rmtree(data.parent / 'phantoms')  # the predictions alone are at hand
    model.unlink()
    chosen = ['--thresholds-from', str(found), *images, '--modality', 'FFDM', '--fp-per-volume', WISH]
    assert main([*plain, *chosen]) == 0
    assert run(freeze(tmp_path, model, ann), tmp_path / 'out', *QUICK) == 0
    assert 'Whether they were chosen on other images is not known' in (tmp_path / 'out/evidence.html').read_text()
    assert 'no file that they were chosen on is tested' in (looked / 'out/evidence.html').read_text()


def test_threshold_must_be_of_the_findings_that_are_to_be_found(bundle, ann, tmp_path, capsys):
    assert main(['evidence', 'freeze', '--model', str(bundle), '--ann', str(ann), '--protocol', 'mm3d-2d', '--targets',
                 'mass', '--threshold-fp', WISH, '--out', str(tmp_path / 'plan.json')]) == 2  # fmt: skip
    assert 'has no threshold for 5 false positives a volume by mm3d-2d on mass' in capsys.readouterr().err


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['--exclude', 'ugly'], '--exclude ugly: give computed, unannotated, unknown'),
        (['--exclude', 'view=CC', 'view=MLO'], 'no image of the split test is left to be tested'),
        (['--threshold-fp', '0.125'], 'it has 5 (mm3d-2d)'),
        (['--bootstrap', '1'], 'intervals need 2 replicates'),
        (['--protocol', 'coco', '--subgroups', 'size'], 'cannot leave single findings out'),
        (['--subgroups', 'view', 'view'], 'a subgroup is named twice'),
    ],
)
def test_plan_that_makes_no_sense_is_refused(bundle, ann, tmp_path, capsys, arguments, message):
    plan = tmp_path / 'plan.json'
    arguments = arguments if '--protocol' in arguments else [*arguments, '--protocol', 'mm3d-2d']
    assert main(['evidence', 'freeze', '--model', str(bundle), '--ann', str(ann), '--out', str(plan), *arguments]) == 2
    assert message in capsys.readouterr().err and not plan.exists()


def test_rules_exclude_and_say_why(bundle, ann, tmp_path):
    plan = json.loads(freeze(tmp_path, bundle, ann, '--exclude', 'view=MLO').read_text())
    assert len(plan['images']) == 4
    reasons = [one['reason'] for one in plan['exclusions']['images']]
    assert reasons.count('view is MLO') == 4 and reasons.count('the model does not read it') == 16


def test_plans_and_ledgers_need_no_torch(looked, bundle, ann, tmp_path):
    script = 'import sys; from mammo_plugins.commands.main import main; code = main(sys.argv[1:]); ' \
             'assert "torch" not in sys.modules, "torch"; sys.exit(code)'  # fmt: skip
    frozen = [
        'freeze',
        '--model',
        str(bundle),
        '--ann',
        str(ann),
        '--protocol',
        'mm3d-2d',
        '--out',
        f'{tmp_path}/p.json',
    ]
    for command in (frozen, ['ledger', str(looked / 'plan.json')]):
        done = subprocess.run([sys.executable, '-c', script, 'evidence', *command], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_ledger_counts_looks_and_its_chain_holds(looked, capsys):
    assert main(['evidence', 'ledger', str(looked / 'plan.json'), '--evidence', f'{looked}/out/evidence.json']) == 0
    said = capsys.readouterr().out
    assert '2 looks; the chain holds' in said and '(no name)' in said
    entries = [json.loads(line) for line in ledger_of(looked / 'plan.json').read_text().splitlines()]
    assert [(one['event'], one['look']) for one in entries] == [
        ('look', 1), ('results', 1), ('look', 2), ('results', 2)
    ]  # fmt: skip
    assert {one['who'] for one in entries if one['event'] == 'look'} == {''}  # never guessed


def test_run_that_cannot_start_is_no_look(copied, tmp_path, capsys):
    assert main(['evidence', 'run', str(copied), '--out', str(tmp_path / 'out'), '--device', 'cuda:77']) == 2
    assert '--device cuda:77 is not there' in capsys.readouterr().err
    assert len(ledger_of(copied).read_text().splitlines()) == 4


def test_list_of_which_nothing_can_be_read_is_no_look(bundle, phantom_root, tmp_path, capsys):
    ann = copy_of(phantom_root, tmp_path / 'data')
    annotations = read_annotations(ann)
    for image in annotations.select(split='test', modality='FFDM').images:
        annotations.resolve_path(image).write_bytes(b'no image')
    for policy in ('exclude', 'miss'):
        (tmp_path / policy).mkdir()
        plan = freeze(tmp_path / policy, bundle, ann, '--unreadable', policy)
        assert 'no image of the plan can be read' in refused(plan, tmp_path / 'out', capsys, *QUICK)


def test_further_training_data_that_are_none_are_no_look(copied, tmp_path, capsys):
    others = tmp_path / 'others.json'
    others.write_text('[]')
    for path in (others, tmp_path / 'gone.json'):
        assert path.name in refused(copied, tmp_path / 'out', capsys, '--others', str(path), *QUICK)


def test_run_that_fails_after_its_line_stays_a_look(bundle, ann, tmp_path, monkeypatch):
    def fail(*_: object) -> None:
        raise ValueError('stopped')

    monkeypatch.setattr('mammo_plugins.apis.evidence.running.score_list', fail)
    plan = freeze(tmp_path, bundle, ann)
    with pytest.raises(ValueError, match='stopped'):
        run(plan, tmp_path / 'out', *QUICK)
    (entry,) = [json.loads(line) for line in ledger_of(plan).read_text().splitlines()]
    assert (entry['event'], entry['look']) == ('look', 1) and not (tmp_path / 'out/evidence.json').exists()


@pytest.mark.parametrize('harm', ['changed', 'first line gone', 'middle line gone', 'swapped', 'cut'])
def test_broken_ledger_is_refused(copied, tmp_path, capsys, harm):
    ledger = ledger_of(copied)
    lines = ledger.read_text().splitlines(keepends=True)
    harmed = {
        'changed': [lines[0].replace('"who": ""', '"who": "B"'), *lines[1:]],
        'first line gone': lines[1:],
        'middle line gone': [lines[0], *lines[2:]],
        'swapped': [lines[1], lines[0], *lines[2:]],
        'cut': [*lines[:-1], lines[-1][:-1]],
    }[harm]
    ledger.write_text(''.join(harmed))
    assert 'the chain is broken' in refused(copied, tmp_path / 'out', capsys)
    assert main(['evidence', 'ledger', str(copied)]) == 2
    assert 'the chain is broken' in capsys.readouterr().err


def test_lines_cut_off_at_the_end_are_missed_by_the_results_of_their_look(copied, capsys):
    ledger = ledger_of(copied)
    ledger.write_text(''.join(ledger.read_text().splitlines(keepends=True)[:2]))
    assert main(['evidence', 'ledger', str(copied)]) == 0
    assert main(['evidence', 'ledger', str(copied), '--evidence', f'{copied.parent}/out/evidence.json']) == 2
    assert 'no line of look 2, of which there are results' in capsys.readouterr().err


def test_results_that_were_changed_are_not_those_of_the_ledger(copied, capsys):
    results = copied.parent / 'out/evidence.json'
    content = json.loads(results.read_text())
    content['numbers'][0]['value'] = 0.99
    results.write_text(json.dumps(content, indent=1))
    assert main(['evidence', 'ledger', str(copied), '--evidence', str(results)]) == 2
    assert 'evidence.json was changed after look 2' in capsys.readouterr().err


def test_results_whose_line_was_cut_off_are_not_vouched_for(copied, capsys):
    ledger = ledger_of(copied)
    ledger.write_text(''.join(ledger.read_text().splitlines(keepends=True)[:3]))
    assert main(['evidence', 'ledger', str(copied), '--evidence', f'{copied.parent}/out/evidence.json']) == 2
    assert 'no line of the results of look 2' in capsys.readouterr().err


def test_other_plans_of_the_same_images_go_on_in_the_same_ledger(copied, bundle, ann, capsys):
    renamed, again = copied.with_name('plan2.json'), copied.with_name('again.json')
    shutil.copy(copied, renamed)
    assert main(['evidence', 'freeze', '--model', str(bundle), '--ann', str(ann), '--out', str(again), '--protocol',
                 'center-hit', '--bootstrap', '20']) == 0  # fmt: skip
    for number, plan in enumerate((renamed, again), start=3):
        capsys.readouterr()
        assert run(plan, copied.parent / f'out{number}', *QUICK) == 0
        assert f'look {number} at {plan.name}' in capsys.readouterr().out
        assert f'Look {number} at this test list' in (copied.parent / f'out{number}/evidence.html').read_text()
    assert main(['evidence', 'ledger', str(copied)]) == 0
    assert '4 looks; the chain holds' in capsys.readouterr().out


def test_given_predictions_give_the_same_numbers_and_must_be_of_the_model(
    copied, bundle, ann, ffdm_checkpoint, tmp_path, capsys
):
    found = tmp_path / 'found.csv'
    work = ['--ann', str(ann), '--out', str(found), '--work-dir', str(tmp_path / 'w')]
    assert main(['test', '--model', str(bundle), *work]) == 0
    assert run(copied, tmp_path / 'out', '--predictions', str(found), *QUICK) == 0
    given = json.loads((tmp_path / 'out/evidence.json').read_text())
    own = json.loads((copied.parent / 'out/evidence.json').read_text())
    assert [one['value'] for one in given['numbers']] == pytest.approx(
        [one['value'] for one in own['numbers']], rel=1e-5
    )  # several cases at a time move the last digits
    assert given['numbers'] and given['predictions']['files'][0]['file'] == 'found.csv'
    assert given['run_time'] == {'not_done': 'the predictions were given, and their times are not known'}
    out = tmp_path / 'refused'
    _keep_one_breast(found)
    assert run(copied, tmp_path / 'half', '--predictions', str(found), *QUICK) == 0
    flow = json.loads((tmp_path / 'half/evidence.json').read_text())['flow']
    assert {one['reason']: one['images'] for one in flow['excluded']}['not predicted: not in the predictions'] == 6
    found.write_text(found.read_text().replace('0.', '0.9', 1))
    assert 'is not as the run of run.json left it' in refused(copied, out, capsys, '--predictions', str(found))
    assert main(['test', CONFIG, str(ffdm_checkpoint), *work]) == 0
    assert 'that is no model in one file' in refused(copied, out, capsys, '--predictions', str(found))
    (tmp_path / 'found.run.json').unlink()
    assert 'has no run.json beside it' in refused(copied, out, capsys, '--predictions', str(found))


def _keep_one_breast(found: Path) -> None:
    """Leaves the predictions of one breast in a file, as a run over less would have."""
    with found.open(newline='') as file:
        header, first, *rest = csv.reader(file)
    of_breast = [row for row in rest if [*row[:2], row[2][0]] == [*first[:2], first[2][0]]]
    with found.open('w', newline='') as file:
        csv.writer(file).writerows([header, first, *of_breast])
    _edit_record(found, files=[{'name': found.name, 'sha256': digest_file(found)}])


def _edit_record(found: Path, **values: object) -> None:
    record = found.with_suffix('.run.json')
    record.write_text(json.dumps({**json.loads(record.read_text()), **values}))


def test_given_predictions_of_a_changed_model_or_other_annotations_are_refused(copied, bundle, ann, tmp_path, capsys):
    found = tmp_path / 'found.csv'
    work = ['test', '--model', str(bundle), '--out', str(found), '--work-dir', str(tmp_path / 'w'), '--ann']
    given = ['--predictions', str(found), *QUICK]
    assert main([*work, str(ann), '--cfg-options', 'test_dataloader.batch_size=1']) == 0
    assert 'was predicted with --cfg-options test_dataloader' in refused(copied, tmp_path / 'out', capsys, *given)
    record = json.loads(found.with_suffix('.run.json').read_text())
    assert record['annotations'] == {'file': ann.name, 'sha256': digest_file(ann)}
    _edit_record(found, settings={'cfg_options': None}, error='KeyboardInterrupt')
    assert 'is of a run that failed (KeyboardInterrupt)' in refused(copied, tmp_path / 'out', capsys, *given)
    _edit_record(found, error='', annotations={'file': 'other.json', 'sha256': 'ab' * 32})
    assert 'is of other annotations (other.json, ababab' in refused(copied, tmp_path / 'out', capsys, *given)


def test_given_predictions_do_without_the_model(copied, bundle, ann, tmp_path, capsys):
    found = tmp_path / 'found.csv'
    work = ['--ann', str(ann), '--out', str(found), '--work-dir', str(tmp_path / 'w')]
    assert main(['test', '--model', str(bundle), *work]) == 0
    content = json.loads(copied.read_text())
    content['where']['model'] = 'gone.zip'
    copied.write_text(json.dumps(content))
    assert "no model 'gone.zip'" in refused(copied, tmp_path / 'out', capsys)
    assert run(copied, tmp_path / 'out', '--predictions', str(found)) == 0
    told = json.loads((tmp_path / 'out/evidence.json').read_text())
    assert told['robustness'] == told['repeatability'] == {'not_done': 'the model is not at hand: give --model'}
    assert json.loads((tmp_path / 'out/run.json').read_text())['model'] == told['plan']['model']


def test_images_that_training_has_seen_break_the_partition(copied, phantom_root, tmp_path, capsys):
    ann = copy_of(phantom_root, tmp_path / 'data')
    content = json.loads(ann.read_text())
    for image in content['images']:  # another name and split hide nothing
        image['patient_id'], image['study_uid'], image['split'] = f'x{image["patient_id"]}', 'y', 'train'
        image['view_name'] = f'{image["view_name"]}{image["id"]}'
    ann.write_text(json.dumps(content))
    capsys.readouterr()
    assert run(copied, tmp_path / 'out', '--others', str(ann), *QUICK) == 1
    said = capsys.readouterr().out
    assert 'THE PARTITION IS BROKEN' in said and 'pixels' in said and 'bytes of the file' in said
    checks = {
        one['identity']: one for one in json.loads((tmp_path / 'out/evidence.json').read_text())['partition']['checks']
    }
    assert checks['patient']['shared'] == 0 and checks['SOP Instance UID of the header']['shared'] == 8
    assert 'The partition is broken.' in (tmp_path / 'out/evidence.html').read_text()


def test_training_data_that_cannot_be_read_show_nothing(copied, ann, tmp_path, capsys):
    others = tmp_path / 'others.json'  # its images are not beside it
    content = json.loads(ann.read_text())
    content['images'] = [image for image in content['images'] if image['split'] == 'train']
    content['annotations'] = []
    others.write_text(json.dumps(content))
    assert run(copied, tmp_path / 'out', '--others', str(others), *QUICK) == 1
    assert f'THE PARTITION COULD NOT BE SHOWN: {len(content["images"])} of the' in capsys.readouterr().out
    page = (tmp_path / 'out/evidence.html').read_text()
    assert 'Could not be shown.' in page and 'Nothing is shared.' not in page


def test_test_list_without_training_data_shows_nothing(bundle, phantom_root, tmp_path, capsys):
    ann = copy_of(phantom_root, tmp_path / 'data')
    content = json.loads(ann.read_text())
    content['images'] = [image for image in content['images'] if image['split'] == 'test']
    kept = {image['id'] for image in content['images']}
    content['annotations'] = [one for one in content['annotations'] if one['image_id'] in kept]
    ann.write_text(json.dumps(content))
    assert run(freeze(tmp_path, bundle, ann), tmp_path / 'out', *QUICK) == 0  # no training data were named
    assert 'THE PARTITION COULD NOT BE SHOWN: there is no image of training' in capsys.readouterr().out
    told = json.loads((tmp_path / 'out/evidence.json').read_text())
    assert told['partition']['verdict'] == 'could not be shown'
    assert 'Nothing is shared.' not in (tmp_path / 'out/evidence.html').read_text()
