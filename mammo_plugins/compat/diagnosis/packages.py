"""Which of the libraries that this project stands on are installed, and whether they import."""

from __future__ import annotations

import importlib
import platform
import re
import sys
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from .check import Check, Status, one_line, pip_command

TOPIC = 'packages'
MINIMUM_PYTHON = (3, 10)
NOT_INSTALLED = 'not installed'
_REPOSITORY = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Requirement:
    """A library, under each name by which it is distributed.

    Attributes:
        module: name to import.
        distributions: names on PyPI, the one to install first.
        minimum: oldest version that is known to work, for the first of ``distributions``.
    """

    module: str
    distributions: tuple[str, ...]
    minimum: str


# As in pyproject.toml (a test compares them). The original OpenMMLab packages do as well as their continuation.
REQUIREMENTS = (
    Requirement('torch', ('torch',), '2.4'),
    Requirement('torchvision', ('torchvision',), '0.19'),
    Requirement('mmengine', ('onedl-mmengine', 'mmengine'), '0.10.9'),
    Requirement('mmcv', ('onedl-mmcv', 'mmcv', 'mmcv-lite'), '2.3.4'),
    Requirement('mmdet', ('onedl-mmdetection', 'mmdet'), '3.5'),
    Requirement('mmpretrain', ('onedl-mmpretrain', 'mmpretrain'), '1.3.4'),
    Requirement('timm', ('timm',), '1.0.10'),
    Requirement('pydicom', ('pydicom',), '3.0.1'),
    Requirement('gdcm', ('python-gdcm',), '3.0.23'),
    Requirement('pylibjpeg', ('pylibjpeg',), '2'),
    Requirement('openjpeg', ('pylibjpeg-openjpeg',), '2.3'),
    Requirement('jpeg_ls', ('pyjpegls',), '1.4'),
    Requirement('PIL', ('pillow',), '9.1'),
    Requirement('pycocotools', ('pycocotools',), '2.0.8'),
    Requirement('numpy', ('numpy',), '1.26'),
    Requirement('safetensors', ('safetensors',), '0.4'),
    Requirement('scipy', ('scipy',), '1.11.1'),
    Requirement('matplotlib', ('matplotlib',), '3.8'),
    Requirement('rich', ('rich',), '13'),
)


def check_python() -> Check:
    """The interpreter's version."""
    if sys.version_info >= MINIMUM_PYTHON:
        return Check(TOPIC, 'python', Status.OK, platform.python_version())
    fix = 'make PYTHON=python3.12 install'
    return Check(TOPIC, 'python', Status.PROBLEM, f'{platform.python_version()}, needs 3.10 or newer', fix)


def check_project(broken: set[str]) -> Check:
    """Whether this project itself is installed; a problem only where libraries are ``broken`` or missing, too."""
    try:
        return Check(TOPIC, 'mammo-plugins', Status.OK, version('mammo-plugins'))
    except PackageNotFoundError:
        fix = pip_command('install', '--editable', str(_REPOSITORY))
        status = Status.PROBLEM if broken else Status.NOTE
        return Check(TOPIC, 'mammo-plugins', status, f'not installed for {sys.executable}', fix)


def check_package(requirement: Requirement) -> Check:
    """Whether a library is installed, new enough, and imports."""
    distribution = _installed_distribution(requirement)
    wanted = f'{requirement.distributions[0]}>={requirement.minimum}'
    if distribution is None:
        return Check(TOPIC, requirement.module, Status.PROBLEM, NOT_INSTALLED, pip_command('install', wanted))
    installed = version(distribution)
    detail = installed if len(requirement.distributions) == 1 else f'{installed} ({distribution})'
    if distribution == requirement.distributions[0] and _numbers(installed) < _numbers(requirement.minimum):
        problem = f'{detail}, needs {requirement.minimum} or newer'
        return Check(TOPIC, requirement.module, Status.PROBLEM, problem, pip_command('install', wanted))
    try:
        importlib.import_module(requirement.module)
    except Exception as error:  # a broken package may raise anything, and the doctor has to go on
        fix = pip_command('install', '--force-reinstall', '--no-deps', f'{distribution}=={installed}')
        problem = f'{detail} does not import: {one_line(error)}'
        return Check(TOPIC, requirement.module, Status.PROBLEM, problem, fix, one_line(error))
    return Check(TOPIC, requirement.module, Status.OK, detail)


def without_consequences(checks: list[Check]) -> list[Check]:
    """The same checks, where a package that fails only because another one does is not to be reinstalled."""
    broken: set[str] = set()
    errors: set[str] = set()
    result = []
    for check in checks:
        missing = re.match(r"ModuleNotFoundError: (?:No module named|import of) '?([\w]+)", check.error)
        consequence = check.error in errors or (missing is not None and missing[1] in broken)
        if check.status is Status.PROBLEM and consequence:
            result.append(replace(check, fix=''))
            continue
        result.append(check)
        if check.status is Status.PROBLEM:
            broken.add(check.subject)
            errors.update({check.error} - {''})
    return result


def _installed_distribution(requirement: Requirement) -> str | None:
    for distribution in requirement.distributions:
        try:
            version(distribution)
        except PackageNotFoundError:
            continue
        return distribution
    return None


def _numbers(text: str) -> tuple[int, ...]:
    """The release part of a version: ``2.4.0+cu132`` is (2, 4, 0)."""
    release = re.match(r'\d+(\.\d+)*', text)
    return tuple(int(number) for number in release[0].split('.')) if release else ()
