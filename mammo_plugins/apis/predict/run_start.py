"""Where a run begins: at the first study, or where an earlier one was stopped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import mammo_plugins
from mammo_plugins.apis.dicom_results import remove_results
from mammo_plugins.io.whole_file import write_whole

from .outputs import remove_outputs
from .study_index import build_index
from .study_parts import PAGE, SETTINGS, StudyParts

_VERSION = 'version'


def begin_run(parts: StudyParts, source: Path, settings: dict[str, Any], resume: bool) -> list[str]:
    """Finds the studies, and notes what they are predicted with; to be called in one process.

    Args:
        parts: of the run.
        source: file or folder.
        settings: plain values that decide the predictions.
        resume: go on where a run with the same settings was stopped; begin anew where there is none.

    Returns:
        Sentences about what differs from the earlier run and is no reason to refuse.

    Raises:
        FileNotFoundError: there is no such source.
        ValueError: the earlier run had other settings, or ``studies`` is a folder of something else.
    """
    noted = parts.root / SETTINGS
    if resume and noted.is_file():
        before = json.loads(noted.read_text(encoding='utf-8'))
        version = before.pop(_VERSION, 'unknown')
        changed = sorted(name for name in {*before, *settings} if before.get(name) != settings.get(name))
        if changed:
            raise ValueError(
                f'--resume: {parts.out} was begun with '
                + ', '.join(f'{name}={before.get(name)!r} (now {settings.get(name)!r})' for name in changed)
                + ': give what it was begun with, or another --out'
            )
        if version == mammo_plugins.__version__:
            return []
        return [
            f'{parts.out} was begun with mammo_plugins {version}, and goes on with {mammo_plugins.__version__}: their '
            'predictions may differ'
        ]
    if not parts.is_own():
        raise ValueError(f'{parts.root} holds something else than predicted studies: give another --out')
    parts.clear()
    remove_outputs(parts.out)
    remove_results(parts.out)
    (parts.out / PAGE).unlink(missing_ok=True)
    build_index(parts.index_path, source)
    content = {**settings, _VERSION: mammo_plugins.__version__}
    write_whole(noted, json.dumps(content, indent=1) + '\n')  # last: without it, a run begins anew
    return []
