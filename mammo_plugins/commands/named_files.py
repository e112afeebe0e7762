"""Files of several models on a command line: ``[NAME=]PATH``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def named_files(arguments: Sequence[str]) -> dict[str, str]:
    """Name to path; a name in front of ``=`` wins over that of the file.

    Raises:
        ValueError: two have the same name.
    """
    named: dict[str, str] = {}
    for argument in arguments:
        name, found, path = argument.partition('=')
        name, path = (name, path) if found else (Path(argument).stem, argument)
        if name in named:
            raise ValueError(f'two predictions are called {name!r}: name them, as in first={named[name]} second={path}')
        named[name] = path
    return named
