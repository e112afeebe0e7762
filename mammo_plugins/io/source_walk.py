"""Every file of a source, whatever a file system holds: links without a target, loops, locked folders, odd names."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

_NOT_UTF8 = 'the name is not UTF-8: rename it, such as with convmv'


@dataclass
class SourceFiles:
    """Files to look at, in the order of their paths, and what could not be entered.

    Attributes:
        files: regular files; those whose names start with a dot are left alone.
        problems: path to the reason.
    """

    files: list[Path] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)


def walk_source(source: str | Path) -> SourceFiles:
    """The files of a folder and all folders below it, or a file itself. Links are followed, each folder is seen once.

    Raises:
        FileNotFoundError: there is no such file or folder.
    """
    source = Path(source)
    if not os.path.lexists(source):
        raise FileNotFoundError(f'{source} does not exist: give a DICOM or PNG file, or a folder of such files')
    found = SourceFiles()
    _visit(source, found, set())
    return found


def printable_path(path: str | Path) -> str:
    """A path as it can be printed on one line: bytes that are no text and control characters are escaped."""
    text = os.fsencode(str(path)).decode('utf-8', 'backslashreplace')
    return ''.join(char if char.isprintable() else char.encode('unicode_escape').decode() for char in text)


def _visit(path: Path, found: SourceFiles, entered: set[tuple[int, int]]) -> None:
    try:
        str(path).encode()
        state = path.stat()
        if not stat.S_ISDIR(state.st_mode):
            _take(path, state, found)
            return
        if (state.st_dev, state.st_ino) in entered:
            found.problems[str(path)] = 'a link to a folder that was looked at already'
            return
        entered.add((state.st_dev, state.st_ino))
        entries = sorted(entry for entry in os.listdir(path) if not entry.startswith('.'))
    except UnicodeEncodeError:
        found.problems[str(path)] = _NOT_UTF8
    except FileNotFoundError:
        found.problems[str(path)] = 'a link whose target does not exist'
    except (OSError, RuntimeError) as error:  # a loop of links is one or the other
        found.problems[str(path)] = f'cannot be opened: {getattr(error, "strerror", None) or type(error).__name__}'
    else:
        for name in entries:
            _visit(path / name, found, entered)


def _take(path: Path, state: os.stat_result, found: SourceFiles) -> None:
    if stat.S_ISREG(state.st_mode):
        found.files.append(path)
    else:
        found.problems[str(path)] = 'not a file that can be read through (a device, socket or pipe)'
