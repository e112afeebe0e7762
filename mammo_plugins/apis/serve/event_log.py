"""What happened, as lines that cannot be changed unnoticed.

Each line is a JSON object with its number, the digest of the line before (``previous``) and its own (``sha256``). A
line that is changed, moved or taken out breaks the chain or the count; lines that are cut off at the end are missed by
the job table, which knows how many events there were.

Events are entered in the job table first, in the transaction that does what they tell of, and written to the file
after it: a crash between the two loses no line and writes none twice.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

from mammo_plugins.io.canonical_json import canonical_bytes, digest_of

_FIRST = '0' * 64
_TAIL_BYTES = 1 << 16  # more than a line ever has


class Event(NamedTuple):
    """Something that happened.

    Attributes:
        number: from 1, without gaps.
        time: seconds since 1970.
        content: what, as plain values without anything that identifies a patient.
    """

    number: int
    time: float
    content: Mapping[str, Any]


class LogError(ValueError):
    """The log is not as it was written."""


class EventLog:
    """Adds events to the file.

    Args:
        path: of the log.
        pending: number of an event to all later ones.

    Raises:
        LogError: the last line is not as it was written.
    """

    def __init__(self, path: Path, pending: Callable[[int], Iterable[Event]]) -> None:
        self._path, self._pending, self._lock = path, pending, Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._number, self._previous = _resume(path)

    def write_pending(self) -> int:
        """Writes what is not in the file yet; on disk before this returns. Gives the number of the last line."""
        with self._lock:
            lines, number, previous = [], self._number, self._previous
            for event in self._pending(self._number):
                line, previous = _line(event, previous)
                lines.append(line)
                number = event.number
            if lines:
                _append(self._path, b''.join(lines))
                self._number, self._previous = number, previous
            return self._number


def _line(event: Event, previous: str) -> tuple[bytes, str]:
    """A line and its digest, after a line with the digest ``previous``."""
    entry = {
        'number': event.number,
        'time': datetime.fromtimestamp(event.time, timezone.utc).isoformat(timespec='milliseconds'),
        **event.content,
        'previous': previous,
    }
    entry['sha256'] = digest_of(entry)
    return canonical_bytes(entry) + b'\n', entry['sha256']


def _append(path: Path, content: bytes) -> None:
    """Adds all of something to a file, on disk before this returns, or nothing of it."""
    with path.open('ab', buffering=0) as file:  # a buffer would be written once more where the file is closed
        size = file.seek(0, os.SEEK_END)
        try:
            left = memoryview(content)
            while left:
                left = left[file.write(left) :]
            os.fsync(file.fileno())
        except BaseException:
            file.truncate(size)
            raise


def verify_log(path: Path, num_events: int) -> int:
    """Checks every line.

    Args:
        path: of the log.
        num_events: how many there were by the job table.

    Returns:
        How many lines there are.

    Raises:
        LogError: the chain is broken or lines are missing; the message says where.
    """
    previous, number = _FIRST, 0
    if path.is_file():
        with path.open('rb') as file:
            for number, line in enumerate(file, start=1):
                previous = _check_line(path, line, number, previous)
    if number < num_events:
        raise LogError(f'{path}: {num_events - number} lines are missing at the end, after line {number}')
    return number


def _check_line(path: Path, line: bytes, number: int, previous: str) -> str:
    """The digest of a line that is as it was written."""
    try:
        entry = json.loads(line)
        told = entry.pop('sha256')
        is_whole = line.endswith(b'\n') and entry['previous'] == previous and entry['number'] == number
        is_whole = is_whole and told == digest_of(entry)
    except (ValueError, KeyError, TypeError, AttributeError):
        is_whole = False
    if not is_whole:
        raise LogError(
            f'{path}: the chain is broken at line {number}: it was changed, moved or cut, or the line '
            'before was taken out'
        )
    return told


def _resume(path: Path) -> tuple[int, str]:
    """Number and digest of the last line. One that a crash cut short is taken off; it is written again."""
    if not path.is_file():
        return 0, _FIRST
    with path.open('r+b') as file:
        size = file.seek(0, os.SEEK_END)
        start = max(0, size - _TAIL_BYTES)
        file.seek(start)
        tail = file.read()
        whole = tail.rfind(b'\n') + 1
        if whole < len(tail):
            file.truncate(start + whole)
        lines = tail[:whole].splitlines()
    if not lines:
        return 0, _FIRST
    try:
        entry = json.loads(lines[-1])
        return int(entry['number']), str(entry['sha256'])
    except (ValueError, KeyError, TypeError) as error:
        raise LogError(f'{path}: its last line is not as it was written: move the file away to begin anew') from error
