"""A wheel built from the repository carries what the command lines need, and finds it from any folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

SOURCES = ('mammo_plugins', 'configs', 'projects', 'setup.py', 'pyproject.toml', 'MANIFEST.in', 'README.md', 'LICENSE')


@pytest.fixture(scope='module')
def wheel(repository, tmp_path_factory) -> Path:
    """Built from a copy, so that no build folder is left in the checkout."""
    folder = tmp_path_factory.mktemp('wheel')
    for name in SOURCES:
        source, copy = repository / name, folder / 'source' / name
        copy.parent.mkdir(exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns('__pycache__'))
        elif source.is_file():
            shutil.copyfile(source, copy)
    weights = folder / 'source' / 'projects' / 'example' / 'weights' / 'tiny.pth'
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b'weights')
    command = [sys.executable, '-m', 'pip', 'wheel', '--no-deps', '--no-build-isolation', '--wheel-dir', str(folder)]
    result = subprocess.run(
        [*command, str(folder / 'source')], capture_output=True, text=True, timeout=300, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    (built,) = folder.glob('mammo_plugins-*.whl')
    return built


@pytest.fixture(scope='module')
def installed(wheel, tmp_path_factory) -> Path:
    """The wheel unpacked, as pip would lay it out."""
    folder = tmp_path_factory.mktemp('installed')
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def run_installed(installed: Path, cwd: Path, *arguments: str) -> subprocess.CompletedProcess:
    environment = {**os.environ, 'PYTHONPATH': str(installed)}
    return subprocess.run(
        [sys.executable, '-P', *arguments] if sys.version_info >= (3, 11) else [sys.executable, *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_wheel_holds_every_module_config_and_data_file(repository, wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    package_files = {
        path.relative_to(repository).as_posix()
        for path in (repository / 'mammo_plugins').rglob('*')
        if path.is_file() and path.suffix != '.pyc'
    }
    configs = {
        f'mammo_plugins/.mim/{path.relative_to(repository).as_posix()}'
        for pattern in ('configs/**/*.py', 'projects/*/configs/**/*.py', 'projects/*/plan.py')
        for path in repository.glob(pattern)
    }
    assert configs
    assert sorted((package_files | configs) - names) == []
    assert 'mammo_plugins/.mim/projects/example/weights/tiny.pth' in names


def test_wheel_holds_neither_tests_nor_tools(wheel):
    folders = {name.split('/')[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {name for name in folders if not name.endswith('.dist-info')} == {'mammo_plugins'}


def test_wheel_declares_the_console_script(wheel):
    archive = zipfile.ZipFile(wheel)
    (entry_points,) = [name for name in archive.namelist() if name.endswith('entry_points.txt')]
    assert 'mammo = mammo_plugins.commands.main:main' in archive.read(entry_points).decode()


def test_configs_are_found_from_any_folder(installed, tmp_path):
    code = (
        'from mammo_plugins.compat.config_paths import find_config, find_project_file\n'
        "print(find_config('configs/demo/mnm_ffdm.py'))\n"
        "print(find_config('mm3d_dbt'))\n"
        "print(find_project_file('projects/example/weights/tiny.pth'))\n"
    )
    result = run_installed(installed, tmp_path, '-c', code)
    assert result.returncode == 0, result.stderr
    shipped = installed / 'mammo_plugins' / '.mim'
    assert result.stdout.split() == [
        str(shipped / 'configs' / 'demo' / 'mnm_ffdm.py'),
        str(shipped / 'configs' / 'mm3d_dbt.py'),
        str(shipped / 'projects' / 'example' / 'weights' / 'tiny.pth'),
    ]


def test_installed_config_reads_with_its_base_configs(installed, tmp_path):
    code = (
        'from mmengine.config import Config\n'
        'from mammo_plugins.compat.config_paths import find_config\n'
        "print(Config.fromfile(find_config('demo/mnm_ffdm'), import_custom_modules=False).model.type)\n"
    )
    result = run_installed(installed, tmp_path, '-c', code)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip()


def test_config_of_a_user_inherits_from_the_installed_wheel(installed, tmp_path):
    (tmp_path / 'mine.py').write_text("_base_ = ['mammo_plugins::mm3d_dbt.py']\ntrain_cfg = dict(max_iters=7)\n")
    code = (
        'import mammo_plugins\n'
        'from mmengine.config import Config\n'
        "cfg = Config.fromfile('mine.py', import_custom_modules=False)\n"
        'print(mammo_plugins.__file__, cfg.model.type, cfg.train_cfg.max_iters)\n'
    )
    result = run_installed(installed, tmp_path, '-c', code)
    expected = f'{installed}/mammo_plugins/__init__.py MultiViewSparseRCNN 7'
    assert result.stdout.strip() == expected, result.stderr


def test_installed_doctor_finds_the_configs(installed, tmp_path):
    code = 'from mammo_plugins.apis.doctor.checks import _check_configs\nprint(_check_configs())'
    result = run_installed(installed, tmp_path, '-c', code)
    assert 'Status.OK' in result.stdout, result.stderr
    assert str(installed) in result.stdout


def test_demo_runs_from_the_installed_wheel_in_any_folder(installed, tmp_path):
    arguments = ('demo', '--out', 'out', '--cases', '8', '--workers', '1', '--cfg-options', 'train_cfg.max_iters=1')
    result = run_installed(installed, tmp_path, '-m', 'mammo_plugins.commands.main', *arguments)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    results = json.loads((tmp_path / 'out' / 'results.json').read_text())
    assert len(results['rows']) == 5
    assert all(set(row) >= {'mm3d-2d'} for row in results['rows'].values())
    assert 'M&amp;M-3D, fine-tuned' in (tmp_path / 'out' / 'report.html').read_text()
