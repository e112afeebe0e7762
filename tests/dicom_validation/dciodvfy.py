"""David Clunie's dciodvfy: attributes and modules of each object (PS3.3). It knows no templates of reports."""

from __future__ import annotations

import subprocess
from pathlib import Path

from .installed import needed_program

_UNKNOWN_TERM = '</ImageType(0008,0008)[3]> - Unrecognized enumerated value = <TOMOSYNTHESIS>'
"""A term of Image Type that PS3.3 C.8.11.7.1.4 has and the list of Debian's version lacks."""


def dciodvfy_errors(path: Path) -> list[str]:
    """Errors in a file, without those about a term that the program's own list lacks."""
    command = [needed_program('dciodvfy', 'dicom3tools'), '-new', str(path)]
    told = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    lines = (told.stdout + told.stderr).splitlines()
    if told.returncode not in (0, 1) or not lines:
        raise RuntimeError(f'dciodvfy said nothing about {path}: exit code {told.returncode}')
    return [line for line in lines if line.startswith('Error') and _UNKNOWN_TERM not in line]
