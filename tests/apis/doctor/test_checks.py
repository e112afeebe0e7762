"""The doctor in its own interpreter, on this installation and on damaged ones."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mammo_plugins.apis.doctor.checks import fixes
from mammo_plugins.compat.diagnosis import Check, Status
from mammo_plugins.compat.diagnosis.packages import REQUIREMENTS


@pytest.fixture
def doctor(repository, tmp_path):
    """Runs ``mammo doctor`` in an empty folder, after a statement that damages the interpreter."""

    def run(*arguments: str, damage: str = '', cwd: Path = tmp_path) -> subprocess.CompletedProcess:
        code = (
            f'import sys\nsys.path.insert(0, {str(repository)!r})\n{damage}\n'
            f'from mammo_plugins.commands.doctor import main\nsys.exit(main({list(arguments)!r}))\n'
        )
        command = [sys.executable, '-c', code]
        return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)

    return run


def test_this_installation_is_healthy(repository, tmp_path):
    command = [sys.executable, str(repository / 'tools' / 'doctor.py')]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert 'Verdict: everything works.' in result.stdout
    for subject in ('mmcv operators', 'GPU', 'JPEG Lossless SV1', 'JPEG 2000 Lossless', 'onedl-mmcv'):
        assert subject in result.stdout


def test_missing_packages_are_listed_with_one_install_command(doctor):
    damage = (
        'import importlib.metadata as metadata\n'
        'version = metadata.version\n'
        'def without(name):\n'
        "    if name in ('timm', 'scipy'):\n"
        '        raise metadata.PackageNotFoundError(name)\n'
        '    return version(name)\n'
        'metadata.version = without\n'
    )
    result = doctor('--json', damage=damage)
    report = json.loads(result.stdout)
    assert result.returncode == 1
    assert report['verdict'] == 'problems'
    problems = [check['subject'] for check in report['checks'] if check['status'] == 'problem']
    assert problems == ['timm', 'scipy']
    least = {requirement.module: requirement.minimum for requirement in REQUIREMENTS}
    assert report['fixes'] == [f"{sys.executable} -m pip install 'timm>={least['timm']}' 'scipy>={least['scipy']}'"]


def test_missing_decoder_is_named_with_the_syntaxes_that_it_decodes(doctor):
    result = doctor('--json', damage="sys.modules['gdcm'] = None")
    report = json.loads(result.stdout)
    assert result.returncode == 1
    problems = {check['subject'] for check in report['checks'] if check['status'] == 'problem'}
    assert {'gdcm', 'JPEG Lossless', 'JPEG Lossless SV1'} <= problems
    assert 'JPEG 2000 Lossless' not in problems
    assert any('python-gdcm' in command for command in report['fixes'])


def test_folder_called_dl_is_named_as_the_cause(doctor, tmp_path):
    (tmp_path / 'dl').mkdir()
    result = doctor(damage="sys.path.insert(0, '')", cwd=tmp_path)
    assert result.returncode == 1
    folded = ''.join(result.stdout.split())
    assert f'mv{tmp_path / "dl"}' in folded
    assert 'forcereinstall' not in folded.replace('-', '')


@pytest.mark.parametrize('module', ['numpy', 'torch', 'rich', 'pydicom'])
def test_doctor_runs_where_a_library_is_broken(doctor, module):
    result = doctor(damage=f'sys.modules[{module!r}] = None')
    assert result.returncode == 1
    assert 'Traceback' not in result.stderr
    assert f'{module}: ' in result.stdout
    assert 'Verdict: ' in result.stdout


def test_fixes_come_once_and_installations_are_joined():
    install = f'{sys.executable} -m pip install'
    problems = [
        Check('', subject, Status.PROBLEM, '', fix)
        for subject, fix in [
            ('a', f'{install} a'),
            ('b', f'{install} --force-reinstall b'),
            ('c', f'{install} c'),
            ('b2', f'{install} --force-reinstall b'),
            ('d', 'mv dl dl_data'),
        ]
    ]
    assert fixes(problems) == [f'{install} a c', f'{install} --force-reinstall b', 'mv dl dl_data']
