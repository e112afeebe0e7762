"""DCMTK's dsrdump: structure, value types and relationships of structured reports."""

from __future__ import annotations

import subprocess
from pathlib import Path

from .installed import needed_program

_UNCHECKED = (
    'W: The VR checker does not support this Specific Character Set',
    'W: Check for template constraints not yet supported',
)
"""What Debian's version says of UTF-8 and of Mammography CAD SR: limits of the program, no faults of a file."""


def dsrdump_errors(path: Path) -> list[str]:
    """Errors, fatal ones and warnings about a report; it warns of attributes that are missing or wrong."""
    command = [needed_program('dsrdump', 'dcmtk'), str(path)]
    told = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    lines = [line for line in told.stderr.splitlines() if line.startswith(('E:', 'F:', 'W:'))]
    lines = [line for line in lines if not line.startswith(_UNCHECKED)]
    return lines or ([f'exit code {told.returncode}'] if told.returncode else [])
