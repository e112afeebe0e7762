"""Archives: study by study, whatever happens in between."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mammo_plugins.apis.predict import prediction, study_prediction
from mammo_plugins.apis.predict.prediction import predict
from mammo_plugins.commands.main import main
from mammo_plugins.evaluation.saliency_files import read_maps
from mammo_plugins.io import read_annotations
from tests.apis.beyond_boxes.conftest import trained  # noqa: F401 - a fixture
from tests.toy_case_models import ToySegmenter
from tests.two_processes import free_port

from .conftest import NUM_STUDIES, write_study

pytestmark = pytest.mark.slow  # the models are trained
TABLES = ('predictions.csv', 'labels.csv', 'images.json', 'left_out.csv', 'maps/index.csv')

# Predicts and ends the process as "kill -9" would, when a function is called for the n-th time.
KILLED = """
import os, sys
from importlib import import_module
source, out, config, checkpoint, module, name, calls = sys.argv[1:]
module = import_module(module)
function, left = getattr(module, name), [int(calls)]
def killed(*args, **kwargs):
    left[0] -= 1
    if left[0] == 0:
        os.kill(os.getpid(), 9)
    return function(*args, **kwargs)
setattr(module, name, killed)
from mammo_plugins.apis.predict.prediction import predict
predict(source, out=out, config=config, checkpoint=checkpoint, device='cpu')
"""


@pytest.fixture(name='whole', scope='module')
def whole_fixture(archive, mapper, tmp_path_factory) -> Path:
    """The archive predicted without a stop."""
    out = tmp_path_factory.mktemp('whole')
    predict(archive, out=out, device='cpu', **mapper)
    return out


def assert_same(out: Path, whole: Path) -> None:
    """That two runs left the same tables and maps."""
    for name in TABLES:
        assert (out / name).is_file() == (whole / name).is_file(), name
        if (whole / name).is_file():
            assert (out / name).read_text() == (whole / name).read_text(), name
    maps = {path.name: path.read_bytes() for path in (whole / 'maps').glob('*.png')}
    assert {path.name: path.read_bytes() for path in (out / 'maps').glob('*.png')} == maps != {}


def test_archive_gives_tables_maps_and_a_page_a_study(whole, archive, capsys):
    with (whole / 'labels.csv').open(newline='') as file:
        patients = [row['PatientID'] for row in csv.DictReader(file)]
    assert sorted(set(patients)) == [f'P{number}' for number in range(1, NUM_STUDIES + 1)]
    images = read_annotations(whole / 'images.json').images
    assert len(patients) == len(images) == 13
    assert len(list(read_maps(whole / 'maps'))) == 26  # of two classes
    page = (whole / 'report.html').read_text()
    linked = [part.split('"')[0] for part in page.split('<a href="')[1:] if part.startswith('studies')]
    assert len(linked) == NUM_STUDIES and all((whole / name).is_file() for name in linked)


def test_each_study_is_predicted_as_by_itself(whole, archive, mapper, tmp_path):
    run = predict(archive / 's5', out=tmp_path, device='cpu', **mapper)
    with (whole / 'labels.csv').open(newline='') as file:
        expected = [row for row in csv.DictReader(file) if row['PatientID'] == 'P5']
    with run.labels[0].open(newline='') as file:
        assert list(csv.DictReader(file)) == expected
    assert not list((tmp_path / 'maps').glob('*')) == []


@pytest.mark.parametrize('changes', [{'batch_size': 3}, {'workers': 2}])
def test_batches_and_workers_give_the_same(changes, whole, archive, mapper, tmp_path):
    predict(archive, out=tmp_path, device='cpu', **mapper, **changes)
    assert_same(tmp_path, whole)


@pytest.mark.parametrize(
    ('module', 'name', 'calls'),
    [
        ('mammo_plugins.apis.predict.study_index', '_add', 5),
        ('mammo_plugins.apis.predict.study_prediction', 'write_report', 3),
        ('mammo_plugins.evaluation.metrics.sample_maps', 'write_map', 9),
        ('mammo_plugins.apis.predict.study_parts', 'write_whole', 4),
        ('mammo_plugins.apis.predict.merging', 'read_index', 3),
    ],
)
def test_run_that_was_killed_goes_on_and_loses_and_repeats_nothing(
    module, name, calls, whole, archive, mapper, tmp_path
):
    out = tmp_path / 'out'
    arguments = [archive, out, mapper['config'], mapper['checkpoint'], module, name, calls]
    killed = subprocess.run([sys.executable, '-c', KILLED, *map(str, arguments)], capture_output=True, check=False)
    assert killed.returncode == -9, killed.stderr[-2000:]
    done = {path: path.stat().st_mtime_ns for path in out.glob('studies/*/record.json')}
    predict(archive, out=out, device='cpu', resume=True, **mapper)
    assert {path: path.stat().st_mtime_ns for path in done} == done, 'a study that was done is done once'
    assert_same(out, whole)


def test_resuming_with_other_weights_is_refused(archive, mapper, whole, tmp_path, capsys):
    out = tmp_path / 'out'
    shutil.copytree(whole, out)
    other = tmp_path / 'other.pth'
    other.write_bytes(Path(mapper['checkpoint']).read_bytes() + b'x')
    given = ['--config', mapper['config'], '--checkpoint', str(other), '--out', str(out), '--resume', '--device', 'cpu']
    assert main(['predict', str(archive), *given]) == 2
    assert 'was begun with weights=' in capsys.readouterr().err


def test_resuming_with_a_config_of_other_content_is_refused(archive, mapper, tmp_path, capsys):
    config = tmp_path / 'config.py'
    config.write_text(f"_base_ = ['{mapper['config']}']\n")
    given = ['--config', str(config), '--checkpoint', mapper['checkpoint'], '--out', str(tmp_path / 'out')]
    assert main(['predict', str(archive / 's1'), *given, '--device', 'cpu']) == 0
    settings = tmp_path / 'out' / 'studies' / 'settings.json'
    noted = json.loads(settings.read_text())
    settings.write_text(json.dumps({**noted, 'version': '0.0.9'}))
    capsys.readouterr()
    assert main(['predict', str(archive / 's1'), *given, '--device', 'cpu', '--resume']) == 0
    assert 'was begun with mammo_plugins 0.0.9, and goes on with' in capsys.readouterr().out
    config.write_text(config.read_text() + "test_dataloader = dict(dataset=dict(classes=['benign']))\n")
    assert main(['predict', str(archive / 's1'), *given, '--device', 'cpu', '--resume']) == 2
    assert 'was begun with config_digest=' in capsys.readouterr().err


def test_resume_without_an_earlier_run_begins_one(archive, mapper, whole, tmp_path):
    predict(archive, out=tmp_path, device='cpu', resume=True, **mapper)
    assert_same(tmp_path, whole)


def test_run_without_resume_begins_anew(archive, mapper, whole, tmp_path):
    out = tmp_path / 'out'
    predict(archive / 's1', out=out, device='cpu', **mapper)
    predict(archive, out=out, device='cpu', **mapper)
    assert_same(out, whole)


def test_folder_of_something_else_is_left_alone(archive, mapper, tmp_path):
    (tmp_path / 'studies').mkdir()
    (tmp_path / 'studies' / 'mine.txt').write_text('mine')
    with pytest.raises(ValueError, match='studies holds something else than predicted studies'):
        predict(archive, out=tmp_path, device='cpu', **mapper)
    assert (tmp_path / 'studies' / 'mine.txt').read_text() == 'mine'


def test_one_study_that_fails_stops_no_other_and_is_tried_again(archive, mapper, whole, tmp_path, monkeypatch, capsys):
    def fail_at_p4(dataset, index, case, *others):
        if case.case_id.startswith('P4'):
            raise RuntimeError('this one is beyond me')
        return report_case(dataset, index, case, *others)

    report_case = study_prediction.report_case
    given = ['--config', mapper['config'], '--checkpoint', mapper['checkpoint'], '--out', str(tmp_path)]
    with monkeypatch.context() as patched:
        patched.setattr(study_prediction, 'report_case', fail_at_p4)
        assert main(['predict', str(archive), *given, '--batch-size', '3', '--device', 'cpu']) == 1
    assert 'failed: study 5: RuntimeError: this one is beyond me' in capsys.readouterr().out
    assert 'study 5,left out,RuntimeError: this one is beyond me' in (tmp_path / 'left_out.csv').read_text()
    assert json.loads((tmp_path / 'run.json').read_text())['counts']['failed studies'] == 1
    assert main(['predict', str(archive), *given, '--resume', '--device', 'cpu']) == 0
    assert_same(tmp_path, whole)


def test_run_in_which_nothing_works_ends_soon(archive, mapper, tmp_path, monkeypatch):
    def fail(*arguments):
        raise RuntimeError('no page today')

    seen = []
    monkeypatch.setattr(study_prediction, 'report_case', fail)
    with pytest.raises(ValueError, match='the first 5 studies could not be predicted, all because: .*no page today'):
        predict(archive, out=tmp_path, device='cpu', on_study=seen.append, **mapper)
    assert len(seen) <= prediction._MOST_FAILURES + 1


def fail_in(monkeypatch, patients, reason):
    """Lets the pages of some patients fail."""

    def fail(dataset, index, case, *others):
        if case.case_id[:2] in patients:
            raise RuntimeError(reason(case))
        return report_case(dataset, index, case, *others)

    report_case = study_prediction.report_case
    monkeypatch.setattr(study_prediction, 'report_case', fail)


def failed_studies(out: Path) -> set[str]:
    return {row['File'] for row in csv.DictReader((out / 'left_out.csv').open()) if row['File'].startswith('study')}


def test_bad_study_takes_no_other_of_its_batch_with_it(archive, mapper, tmp_path, monkeypatch, capsys):
    def predict_or_fail(model, case, images):
        if case.case_id.startswith('P2'):
            raise RuntimeError('this one is beyond me')
        return predict_case(model, case, images)

    predict_case = ToySegmenter.predict_case
    monkeypatch.setattr(ToySegmenter, 'predict_case', predict_or_fail)
    given = ['--config', mapper['config'], '--checkpoint', mapper['checkpoint'], '--out', str(tmp_path)]
    assert main(['predict', str(archive), *given, '--batch-size', '3', '--device', 'cpu']) == 1
    assert failed_studies(tmp_path) == {'study 3'}  # the first one is a text
    assert capsys.readouterr().out.count('this one is beyond me') == 2, 'as it happens, and in the list'
    assert len(read_annotations(tmp_path / 'images.json').images) == 11


def test_five_bad_studies_at_the_start_stop_no_other(archive, mapper, tmp_path, monkeypatch, capsys):
    fail_in(monkeypatch, {'P1', 'P2', 'P3', 'P4', 'P5'}, lambda case: f'{case.case_id} is beyond me')
    given = ['--config', mapper['config'], '--checkpoint', mapper['checkpoint'], '--out', str(tmp_path)]
    assert main(['predict', str(archive), *given, '--device', 'cpu']) == 1
    assert len(failed_studies(tmp_path)) == 5
    assert len(read_annotations(tmp_path / 'images.json').images) == 4


def test_resume_gets_past_studies_that_ended_the_run(archive, mapper, tmp_path, monkeypatch, capsys):
    fail_in(monkeypatch, {'P1', 'P2', 'P3', 'P4', 'P5'}, lambda case: 'no page today')
    given = ['--config', mapper['config'], '--checkpoint', mapper['checkpoint'], '--out', str(tmp_path)]
    assert main(['predict', str(archive), *given, '--device', 'cpu']) == 2
    assert '--resume goes on with the other studies' in capsys.readouterr().err
    assert main(['predict', str(archive), *given, '--device', 'cpu', '--resume']) == 1
    assert len(failed_studies(tmp_path)) == 5
    assert len(read_annotations(tmp_path / 'images.json').images) == 4


def test_studies_without_a_complete_case_are_left_out_and_did_not_fail(trained, tmp_path, capsys):  # noqa: F811
    for number in range(1, 8):
        write_study(tmp_path / 'in' / str(number), number, ('L-CC',) if number < 7 else ('L-CC', 'R-CC'))
    config, checkpoint = trained('bilateral')
    given = ['--config', str(config), '--checkpoint', str(checkpoint), '--out', str(tmp_path / 'out')]
    assert main(['predict', str(tmp_path / 'in'), *given, '--device', 'cpu']) == 0
    said = capsys.readouterr().out
    assert '1 pairs of breasts predicted, 6 files left out' in said
    assert said.count('is missing: no right image beside lcc') == 6


def test_image_in_two_studies_is_in_doubt(mapper, tmp_path):
    write_study(tmp_path / 'in' / 'a', 1, ('L-CC',))
    write_study(tmp_path / 'in' / 'b', 2, ('L-CC',))
    pixels = np.random.default_rng(0).integers(1500, 3000, (96, 40)).astype(np.uint16)
    from tests.io.dicom_builder import mammogram, save

    for folder, patient in (('a', 'P1'), ('b', 'P2')):
        image = np.zeros((96, 64), np.uint16)
        image[:, :40] = pixels
        study = f'1.2.826.0.1.3680043.8.498.4711{patient[1]}'
        save(mammogram(image, ViewPosition='MLO', PatientID=patient, StudyInstanceUID=study),
             tmp_path / 'in' / folder / 'same.dcm')  # fmt: skip
    run = predict(tmp_path / 'in', out=tmp_path / 'out', device='cpu', **mapper)
    ((path, reason),) = run.doubts.items()
    assert path.endswith('b/same.dcm') and 'the same pixels as' in reason and 'another study' in reason


def test_studies_are_shared_by_two_processes_of_a_launcher(archive, mapper, whole, tmp_path):
    root = Path(__file__).parents[3]
    words = ['tools/dist_predict.sh', archive, tmp_path, '2', '--config', mapper['config'], '--checkpoint',
             mapper['checkpoint'], '--device', 'cpu']  # fmt: skip
    environment = {
        **os.environ,
        'PYTHON': sys.executable,
        'PORT': str(free_port()),
        'PYTHONPATH': str(root),
        'OMP_NUM_THREADS': '1',
    }
    done = subprocess.run(['bash', *map(str, words)], cwd=root, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count('13 images predicted') == 1  # said once
    assert_same(tmp_path, whole)
