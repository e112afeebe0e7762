"""PixelMed's DicomSRValidator: the templates and context groups of structured reports (PS3.16)."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from .installed import needed_file, needed_program

_SOURCE = Path(__file__).with_name('ValidateReports.java')
_LIMITS = ('xpathTotalOpLimit', 'xpathExprOpLimit', 'xpathExprGrpLimit')
"""Java 17 refuses stylesheets as large as those of the templates unless these are 0."""
_PROGRESS = ('Found ', 'Root Template Validation Complete', 'IOD validation complete', 'Warning:')
_MILESTONES = ('Found Root Template', 'IOD validation complete')
_ROOT_UNKNOWN = 'Warning: 1: /'
"""The title is in no template, and then nothing below it is checked: a warning to the program, an error to us."""


def pixelmed_errors(paths: Sequence[Path]) -> dict[Path, list[str]]:
    """Errors in structured reports, file by file.

    Compiling the templates takes five seconds, a report one: give all files at once. A title that no template has is an
    error too, as nothing would have been checked.
    """
    library = needed_file('/usr/share/java/pixelmed.jar', 'pixelmed-apps')
    java, compiler = needed_program('java', 'default-jre-headless'), needed_program('ecj', 'ecj')
    with TemporaryDirectory() as folder:
        compile_it = [compiler, '-proc:none', '-source', '11', '-target', '11', '-cp', str(library), '-d', folder]
        subprocess.run([*compile_it, str(_SOURCE)], capture_output=True, timeout=120, check=True)
        limits = [f'-Djdk.xml.{name}=0' for name in _LIMITS]
        command = [java, *limits, '-cp', f'{library}:{folder}', 'ValidateReports', *map(str, paths)]
        told = subprocess.run(command, capture_output=True, text=True, timeout=60 + 30 * len(paths), check=True)
    parts = told.stdout.split('\nFILE ')[1:]
    if len(parts) != len(paths):
        raise RuntimeError(f'DicomSRValidator reported {len(parts)} of {len(paths)} files: {told.stderr}')
    return {path: _errors(part.splitlines()[1:]) for path, part in zip(paths, parts)}


def _errors(lines: list[str]) -> list[str]:
    missing = [f'no line {text!r}' for text in _MILESTONES if not any(line.startswith(text) for line in lines)]
    told = [line for line in lines if line and (line.startswith(_ROOT_UNKNOWN) or not line.startswith(_PROGRESS))]
    return told + missing
