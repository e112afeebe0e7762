"""Every file of a source, whatever a file system holds: links without a target, loops, locked folders, odd names."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SEEN_ALREADY = 'a link to a folder that was looked at already'

_NO_FILE = 'not a file that can be read through (a device, socket or pipe)'
_NOT_UTF8 = 'the name is not UTF-8: rename it, such as with convmv'


@dataclass
class SourceFiles:
    """Files to look at, in the order of their paths, and what could not be entered.

    Attributes:
        files: regular files; those whose names start with a dot are left alone.
        folders: those that were entered, the source among them.
        problems: path to the reason.
    """

    files: list[Path] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)


def walk_source(source: str | Path) -> SourceFiles:
    """The files of a folder and all folders below it, or a file itself. Links are followed, each folder is seen once.

    Raises:
        FileNotFoundError: there is no such file or folder.
    """
    walk = _Walk()
    found = SourceFiles()
    for path, problem in walk.run(_present(source)):
        if problem is None:
            found.files.append(path)
        else:
            found.problems[str(path)] = problem
    found.files.sort()
    found.folders = sorted(walk.folders)
    return found


def iter_source(source: str | Path) -> Iterator[tuple[Path, str | None]]:
    """The files that :func:`walk_source` finds, one at a time, in the order of the walk; a reason beside what is none.

    Raises:
        FileNotFoundError: there is no such file or folder.
    """
    return _Walk().run(_present(source))


def _present(source: str | Path) -> Path:
    if not os.path.lexists(source):
        raise FileNotFoundError(f'{source} does not exist: give a DICOM, PNG or MetaImage file, or a folder of them')
    return Path(source)


def printable_path(path: str | Path) -> str:
    """A path as it can be printed on one line: bytes that are no text and control characters are escaped."""
    text = os.fsencode(str(path)).decode('utf-8', 'backslashreplace')
    return ''.join(char if char.isprintable() else char.encode('unicode_escape').decode() for char in text)


class _Walk:
    """Links to folders wait until all real folders were seen: a folder goes by its own name, whatever leads to it."""

    def __init__(self) -> None:
        self.folders: list[Path] = []
        self._pending: list[Path] = []
        self._entered: set[tuple[int, int]] = set()

    def run(self, source: Path) -> Iterator[tuple[Path, str | None]]:
        """Every file below, and what could not be entered with the reason."""
        self._pending.append(source)
        while self._pending:
            yield from self._look_at(self._pending.pop(0))

    def _look_at(self, path: Path, waits: bool = False) -> Iterator[tuple[Path, str | None]]:
        """Takes a file, enters a folder, or says why neither can be done.

        Args:
            path: what to look at.
            waits: whether a link to a folder is put off until the real folders were seen.
        """
        try:
            str(path).encode()
            state = path.stat()
            if not stat.S_ISDIR(state.st_mode):
                yield path, None if stat.S_ISREG(state.st_mode) else _NO_FILE
                return
            if waits and path.is_symlink():
                self._pending.append(path)
                return
            names = self._enter(path, state)
        except UnicodeEncodeError:
            yield path, _NOT_UTF8
        except FileNotFoundError:
            yield path, 'a link whose target does not exist'
        except (OSError, RuntimeError) as error:  # a loop of links is one or the other
            yield path, f'cannot be opened: {getattr(error, "strerror", None) or type(error).__name__}'
        else:
            if names is None:
                yield path, SEEN_ALREADY
            for name in names or ():
                yield from self._look_at(path / name, waits=True)

    def _enter(self, folder: Path, state: os.stat_result) -> list[str] | None:
        """Names of what it holds; None where it was entered before."""
        if (state.st_dev, state.st_ino) in self._entered:
            return None
        self._entered.add((state.st_dev, state.st_ino))
        names = sorted(entry for entry in os.listdir(folder) if not entry.startswith('.'))
        self.folders.append(folder)
        return names
