"""A working folder as the pages suppose it, and their commands in it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mammo_plugins.commands.main import main
from tests.markdown_commands import read_commands
from tests.tools.test_launch_scripts import SHOW_WORDS
from tests.two_processes import free_port

QUICK = [
    'train_cfg.max_iters=1', 'train_dataloader.num_workers=0', 'train_dataloader.persistent_workers=False',
    'log_level=WARNING',
]  # fmt: skip


@pytest.fixture
def place(tmp_path, phantom_root, ffdm_checkpoint, monkeypatch) -> Path:
    """A folder with phantoms, their annotations under the names of the pages, and FFDM weights."""
    (tmp_path / 'data').mkdir()
    (tmp_path / 'data/phantoms').symlink_to(phantom_root / 'phantoms')
    for name in ('phantoms.json', 'ffdm.json'):
        shutil.copyfile(phantom_root / 'phantoms.json', tmp_path / 'data' / name)
    (tmp_path / 'work/ffdm').mkdir(parents=True)
    shutil.copyfile(ffdm_checkpoint, tmp_path / 'work/ffdm/iter_800.pth')
    monkeypatch.setenv('MAMMO_MODELS', str(tmp_path / 'models'))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run_page(repository, place) -> Callable[..., list[list[str]]]:
    """Writes the files that a page shows, then runs its commands with trainings of one step."""

    def run(page: str, *cfg_options: str, replaced: dict[str, str] | None = None) -> list[list[str]]:
        path = repository / 'docs' / page
        write_files(path, place)
        commands = read_commands(path)
        for words in commands:
            words = [_replace(word, replaced or {}) for word in words]
            assert _run(words, place, repository, cfg_options) == 0, words
        return commands

    return run


def write_files(page: Path, folder: Path) -> None:
    """Puts each Python block that begins with its file's name into that file."""
    for text in re.findall(r'```python\n(.*?)```', page.read_text(encoding='utf-8'), flags=re.DOTALL):
        name = re.match(r'# (\w+\.py)\n', text)
        if name:
            (folder / name[1]).write_text(text)


def _replace(word: str, replaced: dict[str, str]) -> str:
    return re.sub(r'iter_(200|1000|40000)\.pth', 'iter_1.pth', replaced.get(word, word))


def _run(words: list[str], folder: Path, repository: Path, cfg_options: tuple[str, ...]) -> int:
    variables = dict(words.pop(0).split('=') for word in list(words) if re.match(r'[A-Z_]+=', word))
    if words[0] == 'mammo':
        return main([*words[1:], *_quick(words, cfg_options)])
    program = [sys.executable, *words[1:]] if words[0] == 'python' else ['bash', str(repository / words[0]), *words[1:]]
    (folder / 'srun').write_text(SHOW_WORDS)
    (folder / 'srun').chmod(0o755)
    environment = {
        **os.environ, **variables, 'PATH': f'{folder}:{os.environ["PATH"]}', 'PYTHON': sys.executable,
        'PORT': str(free_port()), 'OMP_NUM_THREADS': '1', 'PYTHONPATH': str(repository),
    }  # fmt: skip
    program += _quick(['mammo', 'train', *words[1:]] if 'train' in words[0] else words, cfg_options)
    done = subprocess.run(program, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.returncode


def _quick(words: list[str], cfg_options: tuple[str, ...]) -> list[str]:
    """Options that make a command quick and win over its own; ``--cfg-options`` may stand once."""
    if words[1] == 'phantoms':
        return ['--size', '96x64x12']
    if words[1] == 'docs/methods_figure.py':
        return ['--size', '192x128x24']
    if words[1] not in ('train', 'test'):
        return []
    own = words[words.index('--cfg-options') + 1 :] if '--cfg-options' in words else []
    chosen = [word for word in QUICK if words[1] == 'train' or 'train' not in word]
    return ['--cfg-options', *own, *chosen, *cfg_options]
