"""A wheel built from the repository carries what the command lines need, and finds it from any folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

SOURCES = (
    '.ci', 'AGENTS.md', 'CHANGELOG.md', 'CITATION.cff', 'LICENSE', 'MANIFEST.in', 'Makefile', 'README.md', 'configs',
    'deploy', 'docs', 'mammo_plugins', 'model-index.yml', 'projects', 'pyproject.toml', 'setup.py', 'tests', 'tools',
)  # fmt: skip


@pytest.fixture(scope='module')
def source(repository, tmp_path_factory) -> Path:
    """A copy of the checkout, so that no build folder is left there."""
    folder = tmp_path_factory.mktemp('source')
    for name in SOURCES:
        source, copy = repository / name, folder / name
        copy.parent.mkdir(exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns('__pycache__'))
        elif source.is_file():
            shutil.copyfile(source, copy)
    weights = folder / 'projects' / 'example' / 'weights' / 'tiny.pth'
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b'weights')
    return folder


def build_wheel(source: Path, folder: Path) -> Path:
    """A wheel of a folder or an sdist."""
    command = [sys.executable, '-m', 'pip', 'wheel', '--no-deps', '--no-build-isolation', '--wheel-dir', str(folder)]
    result = subprocess.run([*command, str(source)], capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    (built,) = folder.glob('mammo_plugins-*.whl')
    return built


@pytest.fixture(scope='module')
def sdist(source, tmp_path_factory) -> Path:
    """Made before the wheel, whose build leaves folders behind."""
    pytest.importorskip('build', reason='pip install build')
    folder = tmp_path_factory.mktemp('sdist')
    command = [sys.executable, '-m', 'build', '--sdist', '--no-isolation', '--outdir', str(folder), str(source)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    (built,) = folder.glob('mammo_plugins-*.tar.gz')
    return built


@pytest.fixture(scope='module')
def wheel(source, tmp_path_factory) -> Path:
    """Of the checkout."""
    return build_wheel(source, tmp_path_factory.mktemp('wheel'))


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


def test_wheel_holds_the_ready_models_and_the_index_of_models(repository, wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    shipped = [
        path.relative_to(repository).as_posix()
        for pattern in ('projects/*/model/*.zip', 'model-index.yml', 'configs/metafile.yml', 'projects/*/metafile.yml')
        for path in repository.glob(pattern)
    ]
    assert len(shipped) >= 9
    assert sorted({f'mammo_plugins/.mim/{name}' for name in shipped} - names) == []


def test_sdist_holds_the_checkout_and_gives_the_same_wheel(source, sdist, wheel, tmp_path):
    with tarfile.open(sdist) as archive:
        names = {name.split('/', 1)[1] for name in archive.getnames() if '/' in name}
    for name in SOURCES:
        assert any(inside == name or inside.startswith(f'{name}/') for inside in names), name
    again = zipfile.ZipFile(build_wheel(sdist, tmp_path))
    assert sorted(again.namelist()) == sorted(zipfile.ZipFile(wheel).namelist())


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


@pytest.fixture(scope='module')
def environment(wheel, tmp_path_factory) -> Path:
    """Programs of an empty environment with the wheel; its dependencies are those of this one, not fetched again."""
    folder = tmp_path_factory.mktemp('environment')
    venv.create(folder, with_pip=False)
    programs = folder / 'bin'
    site = Path(sysconfig.get_path('purelib', vars={'base': str(folder), 'platbase': str(folder)}))
    dependencies = {sysconfig.get_path('purelib'), sysconfig.get_path('platlib')}
    (site / 'dependencies.pth').write_text('\n'.join(dependencies) + '\n')  # whose own .pth files are not read
    command = [sys.executable, '-m', 'pip', '--python', str(programs / 'python'), 'install', '--no-deps', '--no-index']
    result = subprocess.run([*command, str(wheel)], capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return programs


def test_installed_program_goes_from_phantoms_to_predictions_in_an_empty_folder(environment, tmp_path):
    variables = {name: value for name, value in os.environ.items() if name != 'PYTHONPATH'}
    variables['MAMMO_MODELS'] = str(tmp_path / 'models')
    folder = tmp_path / 'empty'
    folder.mkdir()

    def mammo(*words: str) -> str:
        done = subprocess.run(
            [environment / 'mammo', *words],
            cwd=folder,
            env=variables,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout

    content = json.loads(mammo('info', '--json'))
    assert all(Path(root).is_relative_to(environment.parent) for root in content['configs'])
    assert {model['name'] for model in content['models']} == {'mm3d-phantoms', 'fused-efficientdet-phantoms'}
    assert 'predict' in mammo('--help')
    assert 'mm3d-phantoms' in mammo('model', 'list')
    mammo('phantoms', 'exam', 'E', '--size', '96x64x12')
    mammo('predict', 'E', '--out', 'O')
    assert (folder / 'O/predictions.csv').read_text().count('\n') > 1
    assert json.loads((folder / 'O/run.json').read_text())['error'] == ''
