"""What a value of the settings file must be, in the words that a wrong one is answered with."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

Check = Callable[[Any], Any]
"""Takes a value of the file and gives it back as it is used; raises ValueError with what is expected."""

_TITLE = re.compile(r'[ -\[\]-~]{1,16}')  # PS3.5 6.2, AE: no backslash, no control characters
_NAME = re.compile(r'[A-Za-z0-9_-]{1,32}')


def text(value: Any) -> str:
    """Any text that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError('a text that is not empty')
    return value


def name(value: Any) -> str:
    """A word that can stand in logs and metrics."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ValueError('a name of 1 to 32 letters, digits, "_" or "-"')
    return value


def title(value: Any) -> str:
    """An Application Entity Title.

    Source: DICOM PS3.5 6.2 (AE).
    """
    if not isinstance(value, str) or not _TITLE.fullmatch(value) or not value.strip():
        raise ValueError('an AE title of 1 to 16 characters without backslash')
    return value.strip()


def ip_address(value: Any) -> str:
    """An IP address, in the form in which connections name it."""
    try:
        return str(ipaddress.ip_address(text(value)))
    except ValueError:
        raise ValueError('an IP address such as 192.0.2.10, not a name') from None


def flag(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ValueError('true or false')
    return value


def whole(low: int, high: int) -> Check:
    """A whole number from ``low`` to ``high``."""

    def check(value: Any) -> int:
        if type(value) is not int or not low <= value <= high:
            raise ValueError(f'a whole number from {low} to {high}')
        return value

    return check


def number(low: float, high: float) -> Check:
    """A number from ``low`` to ``high``."""

    def check(value: Any) -> float:
        if type(value) not in (int, float) or not low <= value <= high:
            raise ValueError(f'a number from {low:g} to {high:g}')
        return float(value)

    return check


def one_of(*known: str) -> Check:
    """One of some words."""

    def check(value: Any) -> str:
        if value not in known:
            raise ValueError(f'one of {", ".join(known)}')
        return value

    return check


def some_of(*known: str) -> Check:
    """A list of some words, perhaps empty."""

    def check(value: Any) -> tuple[str, ...]:
        if not isinstance(value, list) or any(one not in known for one in value) or len(set(value)) < len(value):
            raise ValueError(f'a list of different ones of {", ".join(known)}')
        return tuple(value)

    return check


def file(value: Any) -> Path:
    """A file that is there."""
    path = Path(text(value)).expanduser()
    if not path.is_file():
        raise ValueError('a file that exists')
    return path


def folder(value: Any) -> Path:
    """A folder by its whole path; it is made where it is missing."""
    path = Path(text(value)).expanduser()
    if not path.is_absolute() or (path.exists() and not path.is_dir()):
        raise ValueError('the whole path of a folder')
    return path


def url(value: Any) -> str:
    """A web address; what stands behind its path has no use here."""
    parts = urlsplit(text(value))
    if parts.scheme not in ('http', 'https') or not parts.hostname or parts.query or parts.username:
        raise ValueError('an address such as https://archive.example/dicom-web, without user, password and query')
    return value.rstrip('/')


def any_table(value: Any) -> dict[str, Any]:
    """A table whose keys are checked elsewhere."""
    if not isinstance(value, dict):
        raise ValueError('a table')
    return value


def listed(names: Sequence[str]) -> str:
    """Names for a message."""
    return ', '.join(names) or 'none'
