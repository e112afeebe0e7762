"""What a reader is given, what it may do, and how it is judged."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Protocol

GOOD = ('read', 'refused')
MAX_ERROR_LETTERS = 200_000  # an error must be readable; a field of a CSV table has up to 131072


class Target(Protocol):
    """A reader under test.

    Attributes:
        name: of the target.
        cases: how many are run where nobody says how many.
        errors: what the reader is documented to raise.
    """

    name: str
    cases: int
    errors: tuple[type[Exception], ...]

    def set_up(self, folder: Path) -> None:
        """Writes valid files into an empty folder."""

    def damage(self, rng: Random) -> None:
        """Replaces valid files by hostile ones."""

    def read(self, out: Path) -> None:
        """Reads them; may write into ``out``."""

    def restore(self) -> None:
        """Brings the valid files back."""

    def names(self) -> tuple[str, ...]:
        """Texts of which an error must hold one: the files'."""


@dataclass(frozen=True)
class Verdict:
    """How a case ended.

    Attributes:
        outcome: ``read``, ``refused``, or what went wrong.
        detail: the error, shortened.
    """

    outcome: str
    detail: str = ''


class AccessWatch:
    """Notes files that are opened outside the folders of a case, and processes that are started.

    An audit hook sees what Python does, wherever it does it; files that a library writes on its own are found by
    comparing listings (:func:`list_files`).

    Args:
        readable: folders that may be read, besides Python's own.
        writable: folders that may be written.
    """

    _WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
    _CHANGES = ('os.mkdir', 'os.rename', 'os.remove', 'os.rmdir', 'os.symlink', 'os.link', 'os.truncate', 'os.chmod')
    _STARTS = ('subprocess.Popen', 'os.system', 'os.exec', 'os.posix_spawn', 'os.fork', 'socket.connect')

    def __init__(self, readable: list[Path], writable: list[Path]) -> None:
        self.found: list[str] = []
        self.is_active = False
        self._writable = tuple(str(folder) for folder in writable)
        own = (sys.prefix, sys.base_prefix, str(Path(__file__).resolve().parents[2]), os.devnull, '/proc', '/usr')
        self._readable = (*self._writable, *map(str, readable), *own)
        sys.addaudithook(self._notice)

    def _notice(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.is_active:
            return
        if event == 'open':
            self._notice_open(*arguments)
        elif event in self._CHANGES and not self._lies_in(arguments[0], self._writable):
            self.found.append(f'{event} {arguments[0]!r}')
        elif event in self._STARTS:
            self.found.append(f'{event} {arguments[0]!r}')

    def _notice_open(self, path: Any, mode: str | None, flags: int) -> None:
        if isinstance(path, int):
            return
        is_write = bool(flags & self._WRITES) if isinstance(flags, int) else False
        allowed = self._writable + (os.devnull,) if is_write else self._readable
        if not self._lies_in(path, allowed):
            self.found.append(f'opens {path!r} to {"write" if is_write else "read"}')

    @staticmethod
    def _lies_in(path: Any, folders: tuple[str, ...]) -> bool:
        try:
            place = os.path.abspath(os.fsdecode(path))
        except (TypeError, ValueError):
            return False
        return any(place == folder or place.startswith(f'{folder}{os.sep}') for folder in folders)


def list_files(folder: Path, without: Path) -> dict[str, tuple[int, int]]:
    """Size and time of modification of everything below a folder, one of its folders left out."""
    found = {}
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if os.path.join(place, name) != str(without)]
        for name in (*folders, *files):
            path = os.path.join(place, name)
            state = os.lstat(path)
            found[path] = (0 if name in folders else state.st_size, 0 if name in folders else state.st_mtime_ns)
    return found


def judge(target: Target, read: Callable[[], None]) -> Verdict:
    """Runs a reader on a hostile case."""
    try:
        read()
    except target.errors as error:
        text = str(error)
        if not any(name in text for name in target.names()):
            return Verdict('error without the file', _shortened(error))
        if len(text) > MAX_ERROR_LETTERS:
            return Verdict('endless error', _shortened(error))
        return Verdict('refused', _shortened(error))
    except Exception as error:
        return Verdict('undocumented error', _shortened(error))
    return Verdict('read')


def _shortened(error: Exception) -> str:
    text, trace = f'{type(error).__name__}: {error}', error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = '' if trace is None else f' [{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}]'
    return text.encode('ascii', 'backslashreplace').decode()[:300] + where


class InsaneResultError(Exception):
    """A reader has given something that no file should make it give."""


@dataclass
class ReplacedFiles:
    """Files of a folder that are replaced for one case, and brought back."""

    folder: Path
    _originals: dict[Path, bytes] = field(default_factory=dict)

    def replace(self, path: Path, content: bytes) -> None:
        """Writes other content in place of a file."""
        self._remember(path)
        path.write_bytes(content)

    def link(self, path: Path, target: str) -> None:
        """Puts a symbolic link in place of a file."""
        self._remember(path)
        path.unlink()
        path.symlink_to(target)

    def remove(self, path: Path) -> None:
        """Takes a file away."""
        self._remember(path)
        path.unlink()

    def restore(self) -> None:
        """Brings everything back."""
        for path, content in self._originals.items():
            path.unlink(missing_ok=True)
            path.write_bytes(content)
        self._originals.clear()

    def _remember(self, path: Path) -> None:
        if path not in self._originals:
            self._originals[path] = path.read_bytes()
