"""A model in one file, and a folder of models of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mammo_plugins.commands.main import main

ABOUT = {'name': 'toy-ffdm', 'version': '1.0', 'task': 'findings of FFDM', 'limitations': 'Trained for one step.'}


def export(folder: Path, checkpoint: Path, *arguments: str, **about: str) -> Path:
    """Exports by the command."""
    (folder / 'about.json').write_text(json.dumps({**ABOUT, **about}))
    path = folder / 'exported.zip'
    config = 'configs/demo/mnm_ffdm.py'
    assert (
        main(['model', 'export', config, str(checkpoint), str(path), '--about', f'{folder}/about.json', *arguments])
        == 0
    )
    return path


@pytest.fixture(name='models', autouse=True)
def models_fixture(tmp_path, monkeypatch) -> Path:
    """The folder of imported models, empty."""
    monkeypatch.setenv('MAMMO_MODELS', str(tmp_path / 'models'))
    return tmp_path / 'models'


@pytest.fixture(name='bundle', scope='session')
def bundle_fixture(tmp_path_factory, ffdm_checkpoint) -> Path:
    return export(tmp_path_factory.mktemp('exported'), ffdm_checkpoint)
