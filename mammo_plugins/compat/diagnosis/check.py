"""What a check of the installation found."""

from __future__ import annotations

import shlex
import sys
import textwrap
from dataclasses import dataclass
from enum import Enum


class Status(str, Enum):
    """How a check went."""

    OK = 'ok'
    NOTE = 'note'
    """Works, but worth knowing."""
    PROBLEM = 'problem'
    """Something does not work until it is repaired."""


@dataclass(frozen=True)
class Check:
    """One line of the doctor's report.

    Attributes:
        topic: heading under which it is shown.
        subject: what was looked at.
        status: how it went.
        detail: version, or what is wrong.
        fix: the exact command or action that repairs it; empty where nothing is to be done.
        error: the exception behind a problem, if there was one.
    """

    topic: str
    subject: str
    status: Status
    detail: str
    fix: str = ''
    error: str = ''


def pip_command(*arguments: str) -> str:
    """A pip command for the interpreter that is running."""
    return shlex.join([sys.executable, '-m', 'pip', *arguments])


def one_line(error: BaseException) -> str:
    """An exception as one line of readable length."""
    return textwrap.shorten(f'{type(error).__name__}: {error}', width=240, placeholder=' ...')
