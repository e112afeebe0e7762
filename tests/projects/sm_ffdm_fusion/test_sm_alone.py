"""A site without FFDM: synthetic mammograms of an EMBED release through every command."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from mammo_plugins.apis.convert import convert_dataset
from mammo_plugins.apis.phantoms import make_phantoms
from mammo_plugins.commands import evaluate, predict, report, train
from mammo_plugins.commands import test as test_command
from mammo_plugins.io import AnnotationSet
from tests.projects.sm_ffdm_fusion.test_plan import SMALL
from tests.projects.sm_ffdm_fusion.test_which_features import read_rows


@pytest.fixture(scope='module')
def release(tmp_path_factory) -> AnnotationSet:
    root = tmp_path_factory.mktemp('embed')
    make_phantoms(root / 'release', cases=8, seed=3, release='embed', size='96x64x6', split=(0.5, 0.2, 0.3), workers=1)
    return convert_dataset('embed', root / 'release', root / 'embed.json', show_progress=False)


def small_config(path: Path, base: Path, ann_file: Path) -> Path:
    grid, pack = dict(type='ShareGrid', width=64, max_length=96), dict(type='PackCaseInputs')
    workers = dict(num_workers=0, persistent_workers=False)
    dataset = dict(ann_file=str(ann_file), data_root='', pipeline=[grid, pack])
    fields = {
        'model': dict(detector=SMALL),
        'train_dataloader': dict(batch_size=4, dataset=dataset, **workers),
        # The splits of so few patients leave none for validation.
        'val_dataloader': dict(dataset=dict(split='test', **dataset), **workers),
        'test_dataloader': dict(dataset=dataset, **workers),
        'val_evaluator': dict(ann_file=str(ann_file), split='test'),
        'test_evaluator': dict(ann_file=str(ann_file)),
        'train_cfg': dict(max_iters=1, val_interval=1),
        'log_level': 'WARNING',
    }
    path.write_text(f'_base_ = [{str(base)!r}]\n' + ''.join(f'{key} = {value!r}\n' for key, value in fields.items()))
    return path


def test_sm_alone_through_every_command(release, repository, tmp_path):
    base = repository / 'projects/sm_ffdm_fusion/configs/model_sm.py'
    config, ann_file = small_config(tmp_path / 'sm.py', base, release.path), str(release.path)
    assert train.main([str(config), '--work-dir', str(tmp_path / 'work')]) == 0
    checkpoint, found = str(tmp_path / 'work/iter_1.pth'), tmp_path / 'found.csv'
    tested = [str(config), checkpoint, '--out', str(found), '--work-dir', str(tmp_path / 'test')]
    assert test_command.main(tested) == 0

    scored = ['--ann', ann_file, '--split', 'test', '--modality', 'SM', '--protocol', 'center-hit']
    numbers = tmp_path / 'numbers.json'
    assert evaluate.main([str(found), *scored, '--bootstrap', '20', '--json', str(numbers)]) == 0
    metrics = json.loads(numbers.read_text())['results']['center-hit']['metrics']
    assert {'FAUC-1', 'FAUC-1 (positive images)'} <= metrics.keys()
    assert report.main([str(found), *scored, '--out', str(tmp_path / 'report.html')]) == 0

    images = [image for image in release.images if image.modality == 'SM' and image.split == 'test']
    patient = images[0].patient_id
    exam = tmp_path / 'exam'
    exam.mkdir()
    for image in images:
        if image.patient_id == patient:
            shutil.copy(release.resolve_path(image), exam / f'{image.id}.dcm')
    arguments = ['--config', str(config), '--checkpoint', checkpoint, '--device', 'cpu', '--out', str(tmp_path / 'out')]
    assert predict.main([str(exam), *arguments]) == 0
    views = {row['View'] for row in read_rows(tmp_path / 'out/predictions.csv')}
    assert views == {image.view_name for image in images if image.patient_id == patient}
    assert (tmp_path / 'out/report.html').is_file()
