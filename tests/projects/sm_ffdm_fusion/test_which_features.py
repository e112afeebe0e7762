"""Which features a prediction rests on: ``mammo predict``, ``test`` and ``report`` on views with and without FFDM."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.registry import init_default_scope

from mammo_plugins.apis.convert import convert_dataset
from mammo_plugins.apis.phantoms import make_phantoms
from mammo_plugins.apis.run_config import load_run_config
from mammo_plugins.commands import predict, report
from mammo_plugins.commands import test as test_command
from mammo_plugins.compat.pretrained_weights import drop_pretrained
from mammo_plugins.io import AnnotationSet, read_annotations, write_annotations
from tests.projects.sm_ffdm_fusion.test_plan import SMALL

CONFIGS = 'projects/sm_ffdm_fusion/configs'
IMITATED = 'SM features and FFDM features imitated from the SM'
EXPOSED = 'SM features and FFDM features from the FFDM'


def small_config(folder: Path, repository: Path, name: str) -> Path:
    """A config of the fused model made small."""
    pipeline = [dict(type='ShareGrid', width=64, max_length=96), dict(type='PackCaseInputs')]
    fields = {
        'model': dict(detector=dict(efficientdet=SMALL)),
        'test_dataloader': dict(dataset=dict(pipeline=pipeline)),
        'log_level': 'WARNING',
    }
    path = folder / name
    base = (repository / CONFIGS / name).as_posix()
    path.write_text(f'_base_ = [{base!r}]\n' + ''.join(f'{field} = {value!r}\n' for field, value in fields.items()))
    return path


def read_rows(path: Path) -> list[dict[str, str]]:
    with open(path, newline='') as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope='module')
def phantoms(tmp_path_factory) -> AnnotationSet:
    root = tmp_path_factory.mktemp('features')
    make_phantoms(root / 'phantoms', cases=4, seed=5, size='96x64x6', split=(0.25, 0.25, 0.5), workers=1)
    convert_dataset('phantom', root / 'phantoms', root / 'pairs.json')
    return read_annotations(root / 'pairs.json')


@pytest.fixture(scope='module')
def checkpoint(repository, tmp_path_factory) -> Path:
    """Weights of a fused model that nobody trained."""
    folder = tmp_path_factory.mktemp('weights')
    cfg = load_run_config(small_config(folder, repository, 'fused.py'), work_dir=folder)
    drop_pretrained(cfg.model)
    init_default_scope('mmdet')
    torch.manual_seed(0)
    detector = MODELS.build(cfg.model)
    torch.save({'state_dict': detector.state_dict(), 'meta': {}}, folder / 'fused.pth')
    return folder / 'fused.pth'


@pytest.fixture(scope='module')
def exam(phantoms, tmp_path_factory) -> Path:
    """An exam: L-CC as SM and FFDM, L-MLO as SM, R-CC as FFDM, and the volume of L-CC."""
    folder = tmp_path_factory.mktemp('exam')
    patient = phantoms.images[0].patient_id
    wanted = {('L-CC', 'SM'), ('L-CC', 'FFDM'), ('L-MLO', 'SM'), ('R-CC', 'FFDM'), ('L-CC', 'DBT')}
    for image in phantoms.images:
        if image.patient_id == patient and (image.view, image.modality) in wanted:
            shutil.copy(phantoms.resolve_path(image), folder / f'{image.view}-{image.modality}.dcm')
    assert len(list(folder.iterdir())) == len(wanted)
    return folder


def predicted(exam, checkpoint, repository, config, out, *options) -> int:
    out.mkdir(exist_ok=True)
    path = small_config(out, repository, config)
    given = [str(exam), '--config', str(path), '--checkpoint', str(checkpoint), '--device', 'cpu', '--out', str(out)]
    return predict.main([*given, *(['--cfg-options', *options] if options else [])])


def test_features_of_the_ffdm_are_used_where_it_is_there(exam, checkpoint, repository, tmp_path, capsys):
    assert predicted(exam, checkpoint, repository, 'fused_with_ffdm.py', tmp_path) == 0
    notes = {
        (row['View'], row['Modality'] or 'SM'): row['ImageNote'] for row in read_rows(tmp_path / 'predictions.csv')
    }
    assert notes == {('lcc', 'SM'): EXPOSED, ('lcc', 'FFDM'): EXPOSED, ('lmlo', 'SM'): IMITATED}
    left_out = {Path(row['File']).name: row['Reason'] for row in read_rows(tmp_path / 'left_out.csv')}
    assert left_out.keys() == {'R-CC-FFDM.dcm', 'L-CC-DBT.dcm'}
    assert 'no SM image beside' in left_out['R-CC-FFDM.dcm']
    assert left_out['L-CC-DBT.dcm'] == 'it is DBT, and the model reads SM and FFDM'
    screen, page = capsys.readouterr().out, (tmp_path / 'report.html').read_text()
    for text in (f'2 of 3 images are predicted from {EXPOSED}.', f'1 of 3 images are predicted from {IMITATED}.'):
        assert f'note: {text}' in screen and text in page
    data = json.loads(page.split('id="report-data">')[1].split('</script>')[0])
    captions = {
        (view['name'], view['caption'].split(',')[0]): view['caption']
        for case in data['cases']
        for view in case['views']
    }
    assert captions.keys() == {('L-CC', 'SM'), ('L-CC', 'FFDM'), ('L-MLO', 'SM')}
    assert all(caption.endswith(IMITATED if name == 'L-MLO' else EXPOSED) for (name, _), caption in captions.items())


@pytest.mark.parametrize(
    ('parts', 'note'),
    [('', IMITATED), ('[sm]', 'SM features'), ('[mimic]', 'FFDM features imitated from the SM')],
)
def test_the_sm_suffices(parts, note, exam, checkpoint, repository, tmp_path):
    options = [f'model.detector.parts={parts}'] if parts else []
    assert predicted(exam, checkpoint, repository, 'fused.py', tmp_path, *options) == 0
    assert {(row['View'], row['ImageNote']) for row in read_rows(tmp_path / 'predictions.csv')} == {
        ('lcc', note),
        ('lmlo', note),
    }
    left_out = {Path(row['File']).name: row['Reason'] for row in read_rows(tmp_path / 'left_out.csv')}
    assert left_out.keys() == {'L-CC-FFDM.dcm', 'R-CC-FFDM.dcm', 'L-CC-DBT.dcm'}
    assert left_out['R-CC-FFDM.dcm'] == 'it is FFDM, and the model reads SM'


def test_an_ffdm_alone_is_refused_in_a_sentence(exam, checkpoint, repository, tmp_path, capsys):
    shutil.copy(exam / 'R-CC-FFDM.dcm', tmp_path)
    assert predicted(tmp_path / 'R-CC-FFDM.dcm', checkpoint, repository, 'fused.py', tmp_path / 'out') == 2
    assert 'it is FFDM, and the model reads SM' in capsys.readouterr().err


def test_test_and_report_say_it_too(phantoms, checkpoint, repository, tmp_path):
    """Of each patient the left FFDM is missing; cases with and without FFDM come in one batch."""
    chosen = [
        image.modality in ('SM', 'FFDM') and (image.view[0], image.modality) != ('L', 'FFDM')
        for image in phantoms.images
    ]
    part = replace(phantoms.keep(chosen), whole=None)
    ann_file = phantoms.path.parent / 'some.json'
    write_annotations(ann_file, part)
    options = {
        'test_dataloader.dataset.ann_file': ann_file,
        'test_dataloader.dataset.data_root': '',
        'test_dataloader.batch_size': 3,
        'test_dataloader.num_workers': 0,
        'test_dataloader.persistent_workers': False,
        'test_evaluator.ann_file': ann_file,
    }
    config, found = small_config(tmp_path, repository, 'fused_with_ffdm.py'), tmp_path / 'found.csv'
    arguments = [str(config), str(checkpoint), '--out', str(found), '--work-dir', str(tmp_path / 'work')]
    assert test_command.main([*arguments, '--cfg-options', *(f'{k}={v}' for k, v in options.items())]) == 0
    images = part.select(split='test', modality='SM').images
    notes = {(row['PatientID'], row['View']): row['ImageNote'] for row in read_rows(found)}
    assert notes == {
        (image.patient_id, image.view_name): IMITATED if image.view.startswith('L') else EXPOSED for image in images
    }
    page = tmp_path / 'report.html'
    shown = ['--ann', str(ann_file), '--split', 'test', '--modality', 'SM', '--protocol', 'center-hit', '--cases', '9']
    assert report.main([str(found), *shown, '--out', str(page)]) == 0
    data = json.loads(page.read_text().split('id="report-data">')[1].split('</script>')[0])
    captions = [(view['name'], view['caption']) for case in data['cases'] for view in case['views']]
    assert Counter(captions) == Counter(
        (image.view, f'SM, {IMITATED if image.view.startswith("L") else EXPOSED}') for image in images
    )
