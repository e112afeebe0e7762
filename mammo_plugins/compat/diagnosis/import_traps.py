"""Folders whose name breaks an import of a library."""

from __future__ import annotations

import sys
from pathlib import Path

from .check import Check, Status

TOPIC = 'import traps'


def check_import_traps() -> list[Check]:
    """Looks for a module or folder called ``dl``.

    python-gdcm contains ``import dl``, the name of a module that Python 2 had, and uses whatever it finds. A folder
    ``dl/`` in the working directory or elsewhere on the import path then makes ``import pydicom`` fail.
    """
    on_path = [Path(entry or '.').resolve() for entry in sys.path]
    found = [trap for folder in dict.fromkeys(on_path) for trap in _traps_in(folder)]
    checks = [
        _describe(trap, Status.PROBLEM, 'breaks `import pydicom`, because python-gdcm imports it') for trap in found
    ]
    for trap in _traps_in(Path.cwd()):
        if trap not in found:
            reason = 'breaks `import pydicom` in notebooks and with `python -m` or `python -c` started here'
            checks.append(_describe(trap, Status.NOTE, reason))
    return checks or [Check(TOPIC, 'dl', Status.OK, 'no folder or module of that name')]


def _traps_in(folder: Path) -> list[Path]:
    candidates = (folder / 'dl', folder / 'dl.py')
    return [path for path in candidates if path.is_dir() or path.is_file() and path.suffix == '.py']


def _describe(trap: Path, status: Status, reason: str) -> Check:
    return Check(TOPIC, str(trap), status, reason, f'mv {trap} {trap.with_name(f"{trap.stem}_data{trap.suffix}")}')
