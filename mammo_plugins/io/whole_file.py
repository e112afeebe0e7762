"""Text files that appear whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(path: str | Path, text: str) -> None:
    """Writes a text file, and the folders that it lies in; a run that is stopped leaves no half file under its name."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f'.{path.name}.{os.getpid()}.tmp')
    try:
        unfinished.write_text(text, encoding='utf-8')
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
