"""What a chain of loading transforms is, in plain values: the same chain gives the same pixels."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

PIXELS_VERSION = 4
"""To be raised when a loading transform gives other pixels for the same settings: caches of before are not read."""


def describe_loading(transforms: Sequence[Callable]) -> dict[str, Any]:
    """Types and settings of transforms, defaults included; arrays stand as digests of their bytes.

    Args:
        transforms: built transforms of a view.
    """
    return {'pixels_version': PIXELS_VERSION, 'loading': [_describe(transform) for transform in transforms]}


def _describe(transform: Callable) -> dict[str, Any]:
    settings = {name: _plain(value) for name, value in sorted(vars(transform).items())}
    return {'type': type(transform).__name__, **settings}


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return hashlib.sha256(value.tobytes()).hexdigest()
    try:
        return json.loads(json.dumps(value))
    except TypeError:
        raise TypeError(
            f'{value!r}: a loading transform whose volumes are cached may hold numbers, texts, lists and arrays only'
        ) from None
