"""Keys, and signatures of digests."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from pathlib import Path

SIGNATURE_METHOD = 'HMAC-SHA256'
_LEAST_KEY_BYTES = 16


def read_key(path: str | Path) -> bytes:
    """The bytes of a key file.

    Raises:
        ValueError: they are too few for a key.
        OSError: it cannot be read.
    """
    key = Path(path).read_bytes()
    if len(key) < _LEAST_KEY_BYTES:
        raise ValueError(
            f'{path} holds {len(key)} bytes, and a key has {_LEAST_KEY_BYTES} at least: make one with '
            '"head -c 32 /dev/urandom > key"'
        )
    return key


def sign(digest: str, key: bytes) -> dict[str, str]:
    """The signature of a digest, as it stands in a file.

    Source: RFC 2104 (HMAC) with SHA-256.
    """
    return {'method': SIGNATURE_METHOD, 'value': hmac.new(key, digest.encode(), hashlib.sha256).hexdigest()}


def is_signed_by(digest: str, signature: Mapping[str, str] | None, key: bytes) -> bool:
    """Whether a signature of a digest was made with a key."""
    return signature is not None and hmac.compare_digest(signature.get('value', ''), sign(digest, key)['value'])
