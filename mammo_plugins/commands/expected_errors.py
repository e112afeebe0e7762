"""What a user did is told in a sentence; what the program did wrong keeps its traceback."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

_PACKAGE = str(Path(__file__).resolve().parents[1]) + os.sep
EXIT_CODE = 2

Command = Callable[..., int]


def in_a_sentence(command: Command) -> Command:
    """Turns what a command raises on purpose into ``error: ...`` on standard error and exit code 2.

    On purpose are errors of files and devices (``OSError``), and a ``ValueError`` or missing module that this package
    raised itself, naming the value and the fix. Anything else is a fault and keeps its traceback, as everything does
    with ``MAMMO_TRACEBACK=1``.
    """

    @functools.wraps(command)
    def run(argv: Sequence[str] | None = None, **options) -> int:
        try:
            return command(argv, **options)
        except (ValueError, OSError, ModuleNotFoundError) as error:
            if os.environ.get('MAMMO_TRACEBACK') or not _is_expected(error):
                raise
            print(f'error: {_sentence(error)}', file=sys.stderr)
            return EXIT_CODE

    return run


def _sentence(error: BaseException) -> str:
    """What is wrong and how to mend it; the operating system's words say little where a file lies in the way."""
    if isinstance(error, (FileExistsError, NotADirectoryError)) and error.filename is not None:
        name = Path(os.fsdecode(error.filename))
        in_the_way = next((path for path in (name, *name.parents) if path.is_file()), None)
        if in_the_way is not None:
            return f'{in_the_way} is a file, where a folder is needed: name another folder, or move the file away'
    return str(error)


def _is_expected(error: BaseException) -> bool:
    return isinstance(error, OSError) or _raised_in(error.__traceback__).startswith(_PACKAGE)


def _raised_in(trace: TracebackType | None) -> str:
    """The file whose code raised."""
    name = ''
    while trace is not None:
        name, trace = trace.tb_frame.f_code.co_filename, trace.tb_next
    return name
