"""A trained model in one file with a threshold, its phantoms, and a plan for them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mammo_plugins.commands.main import main

CONFIG = 'configs/demo/mnm_ffdm.py'
WISH = '5'  # false positives an image: a model of one step needs them


@pytest.fixture(name='ann', scope='session')
def ann_fixture(phantom_root) -> Path:
    """The annotation file of six phantoms."""
    return phantom_root / 'phantoms.json'


@pytest.fixture(name='bundle', scope='session')
def bundle_fixture(tmp_path_factory, ffdm_checkpoint, ann) -> Path:
    """A model of FFDM with a threshold that was chosen on the validation split."""
    folder = tmp_path_factory.mktemp('model')
    about = folder / 'about.json'
    about.write_text(json.dumps({'name': 'toy-ffdm', 'version': '1.0', 'limitations': 'Trained for one step.'}))
    plain, found = folder / 'plain.zip', folder / 'found.csv'
    assert main(['model', 'export', CONFIG, str(ffdm_checkpoint), str(plain), '--about', str(about)]) == 0
    split = ['test_dataloader.dataset.split=validation', 'test_evaluator.split=validation']
    assert main(['test', '--model', str(plain), '--ann', str(ann), '--out', str(found), '--work-dir', f'{folder}/w',
                 '--cfg-options', *split]) == 0  # fmt: skip
    exported = folder / 'toy.zip'
    assert main(['model', 'export', CONFIG, str(ffdm_checkpoint), str(exported), '--about', str(about),
                 '--thresholds-from', str(found), '--ann', str(ann), '--modality', 'FFDM',
                 '--fp-per-volume', WISH]) == 0  # fmt: skip
    return exported


def freeze(folder: Path, model: Path, ann: Path, *arguments: str) -> Path:
    """Freezes a plan by the command."""
    plan = folder / 'plan.json'
    assert main(['evidence', 'freeze', '--model', str(model), '--ann', str(ann), '--out', str(plan), '--protocol',
                 'mm3d-2d', '--threshold-fp', WISH, '--bootstrap', '50', *arguments]) == 0  # fmt: skip
    return plan


def run(plan: Path, out: Path, *arguments: str) -> int:
    """Carries it out by the command."""
    return main(['evidence', 'run', str(plan), '--out', str(out), '--device', 'cpu', '--workers', '0', *arguments])


@pytest.fixture(name='evidence', scope='session')
def evidence_fixture(tmp_path_factory, bundle, ann) -> Path:
    """The folder of a whole run, with its plan beside it."""
    folder = tmp_path_factory.mktemp('evidence')
    subgroups = ('--subgroups', 'view', 'manufacturer', 'type')
    plan = freeze(folder, bundle, ann, '--protocol', 'center-hit', *subgroups, '--min-cell', '3')
    assert run(plan, folder / 'out', '--who', 'A. Reader', '--repeat-images', '4', '--examples', '2') == 0
    return folder / 'out'
