"""Programs of the system that tests need."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest


def needed_program(name: str, package: str) -> str:
    """Path of a program; skips the test where it is not installed.

    Args:
        name: of the program.
        package: of Debian that holds it; ``.ci/run`` installs it.
    """
    path = shutil.which(name, path=None) or shutil.which(name, path='/usr/sbin:/usr/local/sbin')
    if path is None:
        pytest.skip(f'{name} is not installed (Debian: {package})')
    return path


def needed_file(path: str, package: str) -> Path:
    """A file of a package, as :func:`needed_program`."""
    if not Path(path).is_file():
        pytest.skip(f'{path} is not installed (Debian: {package})')
    return Path(path)
