"""mammo dicom, and mammo predict --dicom: what is written, what is not, and what is said of it."""

from __future__ import annotations

import csv
import json
import shutil
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread

from mammo_plugins.apis.dicom_results import check_kinds
from mammo_plugins.apis.phantoms import make_phantoms
from mammo_plugins.apis.predict import study_prediction
from mammo_plugins.apis.predict.resident import ResidentPredictor
from mammo_plugins.apis.predict.study_parts import StudyParts
from mammo_plugins.commands import dicom_results as command
from mammo_plugins.commands import model as model_command
from mammo_plugins.commands import predict as predict_command
from mammo_plugins.evaluation import read_predictions
from mammo_plugins.io import read_annotations
from mammo_plugins.io.dicom_out.read_back import read_marks
from mammo_plugins.io.dicom_out.result_objects import is_own_result
from tests.apis.beyond_boxes.conftest import trained  # noqa: F401 - a fixture
from tests.io.dicom_builder import mammogram, save, stored_breast

from .predicted_run import predicted_run

DATED = {'StudyDate': '20260102', 'StudyTime': '101112'}


def find_nothing(image, rng):
    return np.zeros((0, 4), np.float32), np.zeros(0, int), np.zeros(0, np.float32)


def summary(path: Path) -> str:
    found = [item for item in dcmread(path).ContentSequence if item.ConceptNameCodeSequence[0].CodeValue == '111017']
    return found[0].ConceptCodeSequence[0].CodeValue


def written(out: Path) -> list[str]:
    return sorted(path.name for path in out.glob('dicom/*/*.dcm'))


def test_study_without_findings_has_reports_and_no_marks(phantoms, tmp_path):
    out = predicted_run(phantoms, tmp_path, find_nothing)
    assert command.main([str(out)]) == 0
    assert written(out) == ['cad-sr.dcm', 'sr.dcm']
    assert summary(next(out.glob('dicom/*/cad-sr.dcm'))) == '111241'


def find_little(image, rng):
    return np.array([[1, 2, 9, 12]], np.float32), np.zeros(1, int), np.full(1, 0.02, np.float32)


def test_study_with_marks_that_may_not_be_shown_is_without_findings(phantoms, tmp_path):
    out = predicted_run(phantoms, tmp_path, find_little)
    assert command.main([str(out)]) == 0
    assert written(out) == ['cad-sr.dcm', 'sr.dcm']
    assert summary(next(out.glob('dicom/*/cad-sr.dcm'))) == '111241'
    assert {mark.intent for mark in read_marks(dcmread(next(out.glob('dicom/*/cad-sr.dcm'))))} == {'111152'}
    measured = str(dcmread(next(out.glob('dicom/*/sr.dcm'))))
    assert '111241' in measured and '111242' not in measured
    (tmp_path / 's.json').write_text(json.dumps({'optional_from': 0.01}))
    assert command.main([str(out), '--settings', str(tmp_path / 's.json')]) == 0
    assert summary(next(out.glob('dicom/*/cad-sr.dcm'))) == '111242'


def test_broken_image_is_told_in_the_report_and_a_copy_is_not(tmp_path):
    for name, position in (('a', 'CC'), ('b', 'MLO')):
        save(mammogram(stored_breast(), ViewPosition=position, **DATED), tmp_path / 'in' / f'{name}.dcm')
    content = (tmp_path / 'in' / 'b.dcm').read_bytes()
    (tmp_path / 'in' / 'b.dcm').write_bytes(content[: -len(content) // 3])
    shutil.copy(tmp_path / 'in' / 'a.dcm', tmp_path / 'in' / 'copy.dcm')
    out = predicted_run(tmp_path / 'in', tmp_path / 'out', find_nothing)
    assert command.main([str(out), '--kinds', 'cad-sr']) == 0
    (report,) = out.glob('dicom/*/cad-sr.dcm')
    assert summary(report) == '111243'
    (evidence,) = dcmread(report).CurrentRequestedProcedureEvidenceSequence
    listed = [
        item.ReferencedSOPInstanceUID for s in evidence.ReferencedSeriesSequence for item in s.ReferencedSOPSequence
    ]
    uids = [dcmread(tmp_path / 'in' / name, stop_before_pixels=True).SOPInstanceUID for name in ('a.dcm', 'b.dcm')]
    assert listed == uids


@pytest.mark.parametrize('stage', ['report_case', 'build_test_dataset', 'describe_files'])
def test_study_that_fails_has_reports_that_say_so_and_keeps_its_reasons(
    stage, ffdm_checkpoint, phantoms, tmp_path, monkeypatch, capsys
):
    def fail(*arguments, **options):
        raise RuntimeError('the model refused it')

    (tmp_path / 'in').mkdir()
    for number, path in enumerate(sorted(phantoms.rglob('*.dcm'))):
        shutil.copy(path, tmp_path / 'in' / f'{number}.dcm')
    content = (tmp_path / 'in' / '0.dcm').read_bytes()
    (tmp_path / 'in' / 'broken.dcm').write_bytes(content[: -len(content) // 3])
    monkeypatch.setattr(study_prediction, stage, fail)
    arguments = [str(tmp_path / 'in'), '--config', 'configs/demo/mnm_ffdm.py', '--checkpoint', str(ffdm_checkpoint)]
    arguments += ['--out', str(tmp_path / 'out'), '--device', 'cpu', '--dicom', 'cad-sr,sr,gsps']
    assert predict_command.main(arguments) == 2
    assert 'the model refused it' in capsys.readouterr().err
    assert {path.name for path in (tmp_path / 'out').glob('dicom/*/*.dcm')} == {'cad-sr.dcm', 'sr.dcm'}
    reports = sorted((tmp_path / 'out').glob('dicom/*/cad-sr.dcm'))
    assert reports and {summary(path) for path in reports} == {'111245'}
    told = (tmp_path / 'out' / 'left_out.csv').read_text()
    assert 'RuntimeError: the model refused it' in told
    assert ('broken.dcm,left out,' in told) == (stage != 'describe_files')
    assert not read_annotations(tmp_path / 'out' / 'images.json').images, 'none was read'
    before = {path: path.read_bytes() for path in (tmp_path / 'out').glob('dicom/*/*.dcm')}
    assert command.main([str(tmp_path / 'out'), '--kinds', 'cad-sr,sr,gsps']) == 0
    assert {path: path.read_bytes() for path in (tmp_path / 'out').glob('dicom/*/*.dcm')} == before


@pytest.mark.parametrize(('views', 'code'), [('LCC RCC LMLO', '111243'), ('LMLO', '111245')])
def test_image_whose_partner_is_missing_is_told_as_failed(views, code, trained, tmp_path):  # noqa: F811
    for number, view in enumerate(views.split()):
        elements = {'ImageLaterality': view[0], 'ViewPosition': view[1:], **DATED}
        save(mammogram(stored_breast(view[0], top=2900 + number), **elements), tmp_path / 'in' / f'{view}.dcm')
    config, checkpoint = trained('bilateral')
    arguments = [str(tmp_path / 'in'), '--config', str(config), '--checkpoint', str(checkpoint)]
    arguments += ['--out', str(tmp_path / 'out'), '--device', 'cpu', '--dicom', 'cad-sr,sr']
    assert predict_command.main(arguments) == (0 if code == '111243' else 2)
    for _ in range(2):
        (report,) = (tmp_path / 'out').glob('dicom/*/cad-sr.dcm')
        assert summary(report) == code
        lone = dcmread(tmp_path / 'in' / 'LMLO.dcm').SOPInstanceUID
        (evidence,) = dcmread(report).CurrentRequestedProcedureEvidenceSequence
        listed = [
            item.ReferencedSOPInstanceUID
            for one in evidence.ReferencedSeriesSequence
            for item in one.ReferencedSOPSequence
        ]
        assert listed[-1] == lone and len(listed) == len(views.split())
        assert code in str(dcmread(next((tmp_path / 'out').glob('dicom/*/sr.dcm'))))
        assert command.main([str(tmp_path / 'out'), '--kinds', 'cad-sr,sr']) == 0, 'and later the same'


def test_study_whose_images_all_failed_has_a_report_that_says_so(phantoms, tmp_path):
    out = predicted_run(phantoms, tmp_path, failed='the model refused it')
    assert command.main([str(out), '--kinds', 'cad-sr,sr,gsps']) == 0
    assert written(out) == ['cad-sr.dcm', 'sr.dcm']
    assert summary(next(out.glob('dicom/*/cad-sr.dcm'))) == '111245'


def test_images_that_are_no_dicom_files_are_said(tmp_path, capsys):
    make_phantoms(tmp_path / 'in', cases=1, seed=5, release='t-synth', size='64x48x6', split=(0, 0, 1))
    out = predicted_run(tmp_path / 'in', tmp_path / 'out')
    assert command.main([str(out)]) == 1
    assert 'is in no DICOM object: it is no DICOM file' in capsys.readouterr().out and not written(out)


def test_volume_without_geometry_has_no_segments_and_that_is_said(tmp_path, capsys):
    make_phantoms(
        tmp_path / 'in', cases=1, seed=5, size='64x48x6', split=(0, 0, 1), overrides={'quirks.missing_spacing_share': 1}
    )
    out = predicted_run(tmp_path / 'in', tmp_path / 'out')
    assert command.main([str(out), '--kinds', 'seg,gsps']) == 0
    said = capsys.readouterr().out
    assert 'L-CC (DBT) has no SEG: several of its slices have one position' in said
    classes = {mark.frame for path in out.glob('dicom/*/seg*.dcm') for mark in read_marks(dcmread(path))}
    assert classes == {None}, 'segments on pictures of one frame only'
    assert any(mark.frame for path in out.glob('dicom/*/gsps*.dcm') for mark in read_marks(dcmread(path)))


def test_series_have_one_side_and_tracking_identifiers_one_uid(phantoms, tmp_path):
    out = predicted_run(phantoms, tmp_path)
    assert command.main([str(out), '--kinds', 'gsps,sc']) == 0
    laterality, tracked, number = defaultdict(set), defaultdict(set), defaultdict(set)
    for path in out.glob('dicom/*/*.dcm'):
        dataset = dcmread(path)
        number[dataset.SeriesNumber].add(dataset.SeriesInstanceUID)
        if path.name.split('-')[0] in ('gsps', 'sc'):
            laterality[dataset.SeriesInstanceUID].add(dataset.Laterality)
        for annotation in dataset.get('GraphicAnnotationSequence', ()):
            for graphic in annotation.GraphicObjectSequence:
                tracked[graphic.TrackingID].add(graphic.TrackingUID)
    assert sorted(map(tuple, laterality.values())) == [('L',), ('L',), ('R',), ('R',)]
    assert all(len(uids) == 1 for uids in number.values())
    assert any(' DBT lesion ' in name for name in tracked) and any(' FFDM lesion ' in name for name in tracked)
    assert all(len(uids) == 1 for uids in tracked.values()), tracked


def test_undated_images_are_said_and_a_stated_time_is_taken(tmp_path, capsys):
    save(mammogram(stored_breast()), tmp_path / 'in' / 'a.dcm')
    out = predicted_run(tmp_path / 'in', tmp_path / 'out')
    assert command.main([str(out)]) == 1
    assert 'nothing written: no image says when it was made' in capsys.readouterr().out
    (tmp_path / 's.json').write_text(json.dumps({'content_time': '2026-05-06T07:08:09'}))
    assert command.main([str(out), '--settings', str(tmp_path / 's.json')]) == 0
    assert dcmread(next(out.glob('dicom/*/cad-sr.dcm'))).ContentDate == '20260506'


def test_objects_of_an_earlier_run_do_not_stay_and_files_of_others_do(phantoms, tmp_path):
    out = predicted_run(phantoms, tmp_path)
    assert command.main([str(out)]) == 0
    folder = next((out / 'dicom').iterdir())
    (folder / 'notes.txt').write_text('of the user')
    before = (folder / 'cad-sr.dcm').read_bytes()
    assert command.main([str(out), '--kinds', 'cad-sr']) == 0
    assert written(out) == ['cad-sr.dcm'] and (folder / 'notes.txt').is_file()
    assert (folder / 'cad-sr.dcm').read_bytes() == before, 'the same run gives the same bytes'


def test_study_whose_images_are_gone_is_said_and_stops_no_other(tmp_path, capsys):
    for number in (1, 2):
        elements = {'StudyInstanceUID': f'1.2.826.0.1.3680043.8.498.{number}', 'PatientID': f'P{number}', **DATED}
        save(mammogram(stored_breast(top=2000 + number), **elements), tmp_path / 'in' / f'{number}.dcm')
    out = predicted_run(tmp_path / 'in', tmp_path / 'out')
    (tmp_path / 'in' / '1.dcm').unlink()
    assert command.main([str(out), '--kinds', 'cad-sr']) == 0
    said = capsys.readouterr().out
    assert '1 DICOM objects written' in said and 'note: P1/' in said and 'is in no DICOM object' in said


@pytest.mark.parametrize(
    ('arguments', 'said'),
    [
        (['--kinds', 'cad-sr,pdf'], 'unknown kind pdf: expected some of cad-sr,sr,gsps,seg,sc'),
        (['--kinds', ''], "unknown kind '': expected"),
        (['--settings', 'none.json'], 'none.json'),
        ([], 'give a folder that "mammo predict" wrote'),
    ],
)
def test_what_cannot_be_used_is_one_sentence(arguments, said, tmp_path, capsys):
    assert command.main([str(tmp_path), *arguments]) == 2
    assert said in capsys.readouterr().err


def test_missing_highdicom_is_told_with_its_installation(monkeypatch):
    monkeypatch.setattr('importlib.util.find_spec', lambda name: None)
    assert check_kinds('cad-sr') == ('cad-sr',)
    with pytest.raises(ValueError, match=r'cad-sr,sr need highdicom .*: pip install "mammo-plugins\[dicom-out\]"'):
        check_kinds('cad-sr,sr')


def sop_uids(paths) -> set[str]:
    return {str(dcmread(path).SOPInstanceUID) for path in paths}


@pytest.fixture(scope='module')
def predicted(phantoms, ffdm_checkpoint, tmp_path_factory):
    """Further arguments of ``mammo predict``, to the SOP Instance UIDs of the objects that it writes."""
    settings = tmp_path_factory.mktemp('settings') / 's.json'
    settings.write_text(json.dumps({'optional_from': 0}))

    def predict(*arguments: str) -> set[str]:
        out = tmp_path_factory.mktemp('run') / 'out'
        words = [str(phantoms), '--out', str(out), '--dicom', 'cad-sr,gsps', '--dicom-settings', str(settings)]
        model = [] if '--model' in arguments else ['--checkpoint', str(ffdm_checkpoint)]
        assert predict_command.main([*words, '--device', 'cpu', *model, *arguments]) == 0
        uids = sop_uids(out.glob('dicom/*/*.dcm'))
        assert command.main([str(out), '--kinds', 'cad-sr,gsps', '--settings', str(settings)]) == 0
        assert sop_uids(out.glob('dicom/*/*.dcm')) == uids, 'later, from the files of the run'
        return uids

    return predict


def test_another_config_gives_other_uids_and_the_same_one_the_same(predicted, repository, tmp_path):
    plain = predicted('--config', 'configs/demo/mnm_ffdm.py')
    assert predicted('--config', 'configs/demo/mnm_ffdm.py') == plain
    options = ['--cfg-options', 'model.test_cfg.rcnn.max_per_img=3']
    with_options = predicted('--config', 'configs/demo/mnm_ffdm.py', *options)
    config = tmp_path / 'mnm_ffdm.py'
    base = f"_base_ = ['{repository}/configs/demo/mnm_ffdm.py']\n"
    config.write_text(base)
    assert predicted('--config', str(config)) == plain, 'wherever the config lies'
    config.write_text(base + 'model = dict(test_cfg=dict(rcnn=dict(max_per_img=4)))\n')
    edited = predicted('--config', str(config))
    assert not plain & with_options and not plain & edited and not with_options & edited
    assert not plain & predicted('--config', 'configs/demo/mnm_ffdm.py', '--map-grid', 'image')


def test_options_change_the_uids_of_a_model_in_one_file(predicted, phantoms, ffdm_checkpoint, tmp_path):
    (tmp_path / 'about.json').write_text(json.dumps({'name': 'toy', 'version': '1', 'task': 'findings of FFDM'}))
    exported = ['export', 'configs/demo/mnm_ffdm.py', str(ffdm_checkpoint), str(tmp_path / 'toy.zip')]
    assert model_command.main([*exported, '--about', str(tmp_path / 'about.json')]) == 0
    plain = predicted('--model', str(tmp_path / 'toy.zip'))
    assert predicted('--model', str(tmp_path / 'toy.zip')) == plain
    served = ResidentPredictor(tmp_path / 'toy.zip', 'cpu', ['cad-sr', 'gsps'], {'optional_from': 0})
    assert sop_uids(served.predict(phantoms, tmp_path / 'served').files) == plain
    options = ['--cfg-options', 'model.test_cfg.rcnn.max_per_img=3']
    assert not plain & predicted('--model', str(tmp_path / 'toy.zip'), *options)


def test_predict_writes_objects_study_by_study(ffdm_checkpoint, phantoms, tmp_path, capsys):
    (tmp_path / 's.json').write_text(json.dumps({'optional_from': 0, 'required_from': 0.5}))
    arguments = [str(phantoms), '--config', 'configs/demo/mnm_ffdm.py', '--checkpoint', str(ffdm_checkpoint)]
    arguments += ['--out', str(tmp_path / 'out'), '--device', 'cpu', '--dicom-settings', str(tmp_path / 's.json')]
    assert predict_command.main([*arguments, '--dicom', 'cad-sr,sr,gsps,seg,sc']) == 0
    assert f'{len(written(tmp_path / "out"))} DICOM objects written' in capsys.readouterr().out
    objects = [dcmread(path) for path in (tmp_path / 'out').glob('dicom/*/*.dcm')]
    assert {dataset.Modality for dataset in objects} == {'SR', 'PR', 'SEG', 'OT'} and all(map(is_own_result, objects))
    (report,) = (dataset for dataset in objects if dataset.SOPClassUID.name == 'Mammography CAD SR Storage')
    table = read_predictions(tmp_path / 'out' / 'predictions.csv')
    found = sorted(mark.box_xyxy for mark in read_marks(report))
    boxes = table.boxes_xywh.copy()
    boxes[:, 2:] += boxes[:, :2]
    assert found == sorted(map(tuple, boxes.astype(np.float32).astype(float).tolist()))
    with open(tmp_path / 'out' / 'locations.csv', newline='') as file:
        locations = list(csv.DictReader(file))
    assert [float(row['Score']) for row in locations] == table.scores.tolist()
    page = (tmp_path / 'out' / 'report.html').read_text()
    assert all(row['Words'] in page for row in locations[:1]) and locations[0]['Words']
    assert sum(record.dicom for record in StudyParts(tmp_path / 'out').records(2)) == len(objects)
