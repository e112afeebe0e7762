"""The secret under which identifiers are replaced."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

_BYTES, _SHORTEST = 32, 16


def read_or_make_key(path: Path) -> bytes:
    """The content of a key file; a file that does not exist is made, readable by its owner only.

    Raises:
        ValueError: the file is too short to be a secret.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), 'w', encoding='ascii') as file:
            file.write(secrets.token_hex(_BYTES) + '\n')
    key = path.read_bytes().strip()
    if len(key) < _SHORTEST:
        raise ValueError(f'{path} holds {len(key)} bytes, too few for a secret: name a new file, and one is made')
    return key


def random_key() -> bytes:
    """A key that nobody keeps: what it replaces can never be replaced alike again."""
    return secrets.token_bytes(_BYTES)
