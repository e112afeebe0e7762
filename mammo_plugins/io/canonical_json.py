"""Plain values as one text, whatever order their keys came in, and its digest."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def canonical_bytes(content: Any) -> bytes:
    """The one way of writing plain values: keys sorted, no spaces, UTF-8, numbers as Python's shortest text of them.

    Raises:
        ValueError: a number is not finite.
    """
    text = json.dumps(content, sort_keys=True, separators=(',', ':'), ensure_ascii=False, allow_nan=False)
    return text.encode()


def digest_of(content: Any) -> str:
    """SHA-256 over :func:`canonical_bytes`."""
    return hashlib.sha256(canonical_bytes(content)).hexdigest()
