"""The layers of the package, and what must stay importable without heavy libraries."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ('torch', 'torchvision', 'mmengine', 'mmcv', 'mmdet', 'mmpretrain', 'timm')


def imported_modules(statement: str, repository: Path) -> set[str]:
    """Top-level names of everything that a fresh interpreter has loaded after ``statement``."""
    code = f'{statement}\nimport sys\nprint(*sorted({{name.partition(".")[0] for name in sys.modules}}))'
    result = subprocess.run(
        [sys.executable, '-c', code], cwd=repository, capture_output=True, text=True, timeout=300, check=False
    )
    assert result.returncode == 0, result.stderr
    return set(result.stdout.split())


def test_imports_keep_to_the_layers(repository):
    result = subprocess.run(
        [sys.executable, '-c', 'from importlinter.cli import lint_imports; raise SystemExit(lint_imports())'],
        cwd=repository,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    'module',
    [
        'mammo_plugins',
        'mammo_plugins.compat',
        'mammo_plugins.structures',
        'mammo_plugins.io',
        'mammo_plugins.evaluation',
        'mammo_plugins.evaluation.functional',
        'mammo_plugins.commands.main',
        'mammo_plugins.commands.doctor',
        'mammo_plugins.commands.evaluate',
    ],
)
def test_module_loads_neither_torch_nor_openmmlab(module, repository):
    assert imported_modules(f'import {module}', repository).isdisjoint(HEAVY)


def test_metric_functions_load_numpy_and_scipy_only(repository):
    third_party = {'pydicom', 'matplotlib', 'rich', 'cv2', 'PIL', 'sklearn', 'pycocotools', 'pandas', *HEAVY}
    assert imported_modules('import mammo_plugins.evaluation.functional', repository).isdisjoint(third_party)


def test_every_package_folder_is_seen_by_the_layer_check(repository):
    folders = {path.parent for path in (repository / 'mammo_plugins').rglob('*.py')}
    unseen = [str(folder.relative_to(repository)) for folder in folders if not (folder / '__init__.py').is_file()]
    assert sorted(unseen) == [], 'folders without __init__.py are skipped by import-linter'
