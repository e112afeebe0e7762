"""Every release, from its files to numbers: phantoms in its layout, conversion, a training step, prediction, scores."""

from __future__ import annotations

from pathlib import Path

import pytest

from mammo_plugins.apis.convert import convert_dataset
from mammo_plugins.apis.evaluate import ScoringOptions, evaluate_predictions_file
from mammo_plugins.apis.phantoms import RELEASES, make_phantoms
from mammo_plugins.apis.test import evaluate_checkpoint
from mammo_plugins.apis.train import train
from mammo_plugins.io import AnnotationSet
from tests.apis.conftest import quick_options

WITHOUT_BOXES = ('cmmd', 'rsna-2022')


def make_release(name: str, root: Path) -> AnnotationSet:
    """Phantoms in the layout of a release, and their annotation file ``phantoms.json``."""
    make_phantoms(root / 'release', cases=10, seed=4, release=name, size='96x64x12', split=(0.5, 0.2, 0.3), workers=1)
    return convert_dataset(name, root / 'release', root / 'phantoms.json', show_progress=False)


@pytest.mark.parametrize('name', RELEASES)
def test_release_trains_a_step_and_is_scored(name, tmp_path):
    annotations = make_release(name, tmp_path)
    kinds = {image.modality for image in annotations.images}
    modality = 'DBT' if name == 'bcs-dbt' else 'FFDM'
    assert modality in kinds
    assert bool(annotations.findings) == (name not in WITHOUT_BOXES)
    config = f'configs/demo/{"mm3d_dbt" if modality == "DBT" else "mnm_ffdm"}.py'
    runner = train(config, work_dir=tmp_path / 'train', cfg_options=quick_options(tmp_path))
    assert runner.iter == 1
    predictions = tmp_path / 'predictions.csv'
    checkpoint = tmp_path / 'train/iter_1.pth'
    evaluate_checkpoint(
        config, checkpoint, out=predictions, work_dir=tmp_path / 'test', cfg_options=quick_options(tmp_path)
    )
    options = ScoringOptions(tmp_path / 'phantoms.json', protocols=('mm3d-2d',), split='test', modality=modality)
    result = evaluate_predictions_file(predictions, options)['mm3d-2d']
    assert 0 <= result.breast_auc.value <= 1
    found = result.numbers['R@0.5']
    assert found.reason if name in WITHOUT_BOXES else 0 <= found.value <= 1


def test_same_seed_gives_the_same_release(tmp_path):
    contents = []
    for copy in ('one', 'two'):
        folder = make_phantoms(tmp_path / copy, 2, 4, release='inbreast', size='64x48x6', workers=1)
        contents.append({path.relative_to(folder): path.read_bytes() for path in folder.rglob('*') if path.is_file()})
    assert contents[0] == contents[1] and contents[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ['one', 'two']  # nothing of the making is left
