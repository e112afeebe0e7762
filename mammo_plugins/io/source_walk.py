"""Every file of a source, whatever a file system holds: links without a target, loops, locked folders, odd names."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

SEEN_ALREADY = 'a link to a folder that was looked at already'

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
    source = Path(source)
    if not os.path.lexists(source):
        raise FileNotFoundError(f'{source} does not exist: give a DICOM, PNG or MetaImage file, or a folder of them')
    walk = _Walk()
    walk.pending.append(source)
    while walk.pending:
        walk.look_at(walk.pending.pop(0))
    walk.found.files.sort()
    walk.found.folders.sort()
    return walk.found


def printable_path(path: str | Path) -> str:
    """A path as it can be printed on one line: bytes that are no text and control characters are escaped."""
    text = os.fsencode(str(path)).decode('utf-8', 'backslashreplace')
    return ''.join(char if char.isprintable() else char.encode('unicode_escape').decode() for char in text)


class _Walk:
    """Links to folders wait until all real folders were seen: a folder goes by its own name, whatever leads to it."""

    def __init__(self) -> None:
        self.found = SourceFiles()
        self.pending: list[Path] = []
        self._entered: set[tuple[int, int]] = set()

    def look_at(self, path: Path, waits: bool = False) -> None:
        """Takes a file, enters a folder, or notes why neither can be done.

        Args:
            path: what to look at.
            waits: whether a link to a folder is put off until the real folders were seen.
        """
        try:
            str(path).encode()
            state = path.stat()
            if not stat.S_ISDIR(state.st_mode):
                self._take(path, state)
            elif waits and path.is_symlink():
                self.pending.append(path)
            else:
                self._enter(path, state)
        except UnicodeEncodeError:
            self.found.problems[str(path)] = _NOT_UTF8
        except FileNotFoundError:
            self.found.problems[str(path)] = 'a link whose target does not exist'
        except (OSError, RuntimeError) as error:  # a loop of links is one or the other
            reason = getattr(error, 'strerror', None) or type(error).__name__
            self.found.problems[str(path)] = f'cannot be opened: {reason}'

    def _enter(self, folder: Path, state: os.stat_result) -> None:
        if (state.st_dev, state.st_ino) in self._entered:
            self.found.problems[str(folder)] = SEEN_ALREADY
            return
        self._entered.add((state.st_dev, state.st_ino))
        names = sorted(entry for entry in os.listdir(folder) if not entry.startswith('.'))
        self.found.folders.append(folder)
        for name in names:
            self.look_at(folder / name, waits=True)

    def _take(self, path: Path, state: os.stat_result) -> None:
        if stat.S_ISREG(state.st_mode):
            self.found.files.append(path)
        else:
            self.found.problems[str(path)] = 'not a file that can be read through (a device, socket or pipe)'
