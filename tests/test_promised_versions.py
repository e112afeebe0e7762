"""What pyproject.toml promises is what `make test-oldest` installs."""

from __future__ import annotations

import re
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
EXTRAS = ('datasets', 'cache', 'dicom-out', 'deidentify', 'search', 'segmentation', 'styles')  # the others are tools


def promised_minimums():
    project = tomllib.loads((ROOT / 'pyproject.toml').read_text())['project']
    extras = [line for name in EXTRAS for line in project['optional-dependencies'][name]]
    minimums = {}
    for requirement in map(Requirement, [*project['dependencies'], *extras]):
        (minimum,) = [part.version for part in requirement.specifier if part.operator == '>=']
        minimums[canonicalize_name(requirement.name)] = Version(minimum)
    return minimums


def pinned_versions():
    lines = (ROOT / 'tests/oldest-constraints.txt').read_text().splitlines()
    pinned = [line.split('==') for line in lines if re.match(r'[\w-]+==', line)]
    return {canonicalize_name(name): Version(version) for name, version in pinned}


def test_each_promised_minimum_is_what_the_oldest_environment_has():
    assert pinned_versions() == promised_minimums()


@pytest.mark.skipif(Path(sys.prefix).name != '.venv-oldest', reason='for the environment of make test-oldest')
def test_oldest_environment_has_the_pinned_versions():
    assert {name: Version(version(name)) for name in pinned_versions()} == pinned_versions()
