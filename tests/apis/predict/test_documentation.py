"""Every command of docs/predict.md and docs/models.md, as it stands there, on small stand-ins for what it names."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mammo_plugins.commands.main import main
from mammo_plugins.io import read_annotations, write_annotations
from tests.markdown_commands import read_commands
from tests.tools.test_launch_scripts import SHOW_WORDS
from tests.two_processes import free_port

pytestmark = pytest.mark.slow  # models predict
SCHEDULER = 'tcp://head:8786'


@pytest.fixture(name='place')
def place_fixture(tmp_path, phantom_root, archive, ffdm_checkpoint, monkeypatch) -> Path:
    """A working folder with an exam, an archive, weights and annotations."""
    annotations = read_annotations(phantom_root / 'phantoms.json').select(modality='FFDM')
    shutil.copytree(annotations.resolve_path(annotations.images[0]).parents[1], tmp_path / 'exam')
    shutil.copytree(archive, tmp_path / 'archive')
    shutil.copyfile(ffdm_checkpoint, tmp_path / 'ffdm.pth')
    monkeypatch.setenv('MAMMO_MODELS', str(tmp_path / 'models'))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(words: list[str], repository: Path, folder: Path) -> None:
    """Runs a command; scripts of a cluster meet stand-ins."""
    if words[0] == 'mammo':
        assert main(words[1:]) == 0, words
        return
    (folder / 'srun').write_text(SHOW_WORDS)
    (folder / 'srun').chmod(0o755)
    variables = dict(word.split('=') for word in words if '=' in word)
    script = next(index for index, word in enumerate(words) if word.endswith('.sh'))
    environment = {**os.environ, **variables, 'PATH': f'{folder}:{os.environ["PATH"]}', 'PYTHON': sys.executable,
                   'PORT': str(free_port()), 'OMP_NUM_THREADS': '1', 'PYTHONPATH': str(repository)}  # fmt: skip
    done = subprocess.run(
        ['bash', str(repository / words[script]), *words[script + 1 :]], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]


def test_commands_about_predicting_run(repository, place):
    from distributed import LocalCluster

    commands = read_commands(repository / 'docs/predict.md')
    assert len(commands) == 9
    with LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None) as cluster:
        for words in commands:
            words = [cluster.scheduler_address if word == SCHEDULER else word for word in words]
            run([word if word != '4' else '2' for word in words], repository, place)
            if words[0] == 'mammo':
                assert json.loads((place / 'found' / 'run.json').read_text())['error'] == ''


def test_commands_about_models_run(repository, place, phantom_root, ffdm_checkpoint):
    write_annotations('ann.json', read_annotations(phantom_root / 'phantoms.json').select(modality='FFDM'))
    (place / 'phantoms').symlink_to(phantom_root / 'phantoms')
    about = {'name': 'my-model', 'license': 'Apache-2.0'}
    (place / 'about.json').write_text(json.dumps(about))
    config = 'configs/demo/mnm_ffdm.py'
    test = ['test', config, str(ffdm_checkpoint), '--ann', 'ann.json', '--work-dir', 'work']
    assert main([*test, '--out', 'validation.csv', '--split', 'validation']) == 0
    scores = ['evaluate', 'validation.csv', '--ann', 'ann.json', '--split', 'validation', '--modality', 'FFDM']
    assert main([*scores, '--json', 'test.json']) == 0
    commands = read_commands(repository / 'docs/models.md')
    assert len(commands) == 6
    export = commands.pop()
    run(export, repository, place)
    shutil.copyfile('my-model.zip', 'model.zip')
    for words in commands:
        run(words, repository, place)
