"""What differs between two configs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def config_differences(one: Any, other: Any, name: str = '') -> Iterator[str]:
    """Dotted names of what differs between two nested dictionaries; a list differs as a whole."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in {*one, *other}:
            yield from config_differences(one.get(key), other.get(key), f'{name}.{key}' if name else key)
    elif one != other:
        yield name
