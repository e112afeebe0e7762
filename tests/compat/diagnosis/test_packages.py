from __future__ import annotations

import re
import sys
from importlib.metadata import version

import pytest

from mammo_plugins.compat.diagnosis import (
    REQUIREMENTS,
    Check,
    Status,
    check_opencv,
    check_package,
    check_project,
    without_consequences,
)
from mammo_plugins.compat.diagnosis.packages import Requirement


def test_requirements_are_those_of_pyproject(repository):
    text = (repository / 'pyproject.toml').read_text()
    dependencies = re.search(r'^dependencies = \[(.*?)^\]', text, re.MULTILINE | re.DOTALL)[1]
    declared = dict(re.findall(r"'([\w-]+)>=([\d.]+)", dependencies))
    assert {item.distributions[0]: item.minimum for item in REQUIREMENTS} == declared


@pytest.mark.parametrize('requirement', REQUIREMENTS, ids=lambda requirement: requirement.module)
def test_installed_package_is_ok(requirement):
    check = check_package(requirement)
    assert check.status is Status.OK
    assert any(character.isdigit() for character in check.detail)


def test_missing_package_is_a_problem_with_its_install_command():
    check = check_package(Requirement('absent', ('absent-distribution', 'its-original'), '1.2'))
    assert check.status is Status.PROBLEM
    assert check.fix == f"{sys.executable} -m pip install 'absent-distribution>=1.2'"


def test_package_under_its_original_name_is_accepted_in_any_version():
    check = check_package(Requirement('rich', ('rich-continued', 'rich'), '999'))
    assert check.status is Status.OK
    assert check.detail == f'{version("rich")} (rich)'


def test_old_package_is_a_problem():
    check = check_package(Requirement('rich', ('rich',), '999'))
    assert check.status is Status.PROBLEM
    assert 'needs 999 or newer' in check.detail


def test_package_that_does_not_import_is_a_problem(monkeypatch):
    monkeypatch.setitem(sys.modules, 'timm', None)
    check = check_package(Requirement('timm', ('timm',), '1'))
    assert check.status is Status.PROBLEM
    assert 'does not import' in check.detail
    assert '--force-reinstall' in check.fix


def test_uninstalled_project_is_a_problem_only_if_libraries_are_missing(monkeypatch):
    from importlib import metadata

    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr('mammo_plugins.compat.diagnosis.packages.version', missing)
    assert check_project(set()).status is Status.NOTE
    assert check_project({'torch'}).status is Status.PROBLEM


def test_package_that_fails_because_of_another_is_not_to_be_reinstalled():
    def problem(subject: str, error: str = '') -> Check:
        return Check('packages', subject, Status.PROBLEM, 'broken', f'reinstall {subject}', error)

    checks = [
        problem('cv2', 'ImportError: libGL.so.1'),
        problem('torch'),
        problem('mmcv', 'ImportError: libGL.so.1'),
        problem('timm', "ModuleNotFoundError: No module named 'torch.nn'"),
        problem('scipy', "ModuleNotFoundError: No module named 'scipy.stats'"),
    ]
    fixes = [check.fix for check in without_consequences(checks)]
    assert fixes == ['reinstall cv2', 'reinstall torch', '', '', 'reinstall scipy']


class TestOpenCV:
    def test_working_opencv_is_ok(self):
        assert check_opencv().status is Status.OK

    def test_missing_libgl_is_repaired_by_the_headless_package(self, monkeypatch):
        error = ImportError('libGL.so.1: cannot open shared object file: No such file or directory')

        def fail(name: str) -> None:
            raise error

        monkeypatch.setattr('mammo_plugins.compat.diagnosis.opencv.importlib.import_module', fail)
        check = check_opencv()
        assert check.status is Status.PROBLEM
        assert 'libGL.so.1' in check.detail
        assert check.fix.endswith("pip install --force-reinstall --no-deps 'opencv-python-headless<4.13'")

    def test_remains_of_an_uninstalled_package_are_a_problem(self, monkeypatch):
        empty = type(sys)('cv2')
        monkeypatch.setitem(sys.modules, 'cv2', empty)
        assert check_opencv().status is Status.PROBLEM
