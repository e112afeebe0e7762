"""Files that appear whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """Where to write a file that gets its name only once the block ends; a run that is stopped leaves none under it.

    The folders that it lies in are made. The place has the same suffix, and belongs to this process.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f'.{path.stem}.{os.getpid()}.tmp{path.suffix}')
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def write_whole(path: str | Path, text: str) -> None:
    """Writes a text file, and the folders that it lies in; see :func:`whole_file`."""
    with whole_file(path) as unfinished:
        unfinished.write_text(text, encoding='utf-8')
