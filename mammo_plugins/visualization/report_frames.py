"""Pictures for the report: JPEG in data URLs, as large as the size limit of the file allows."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

_JPEG_QUALITY = 82
_SMALLEST_HEIGHT = 96  # below this a picture shows nothing


def encode_stacks(stacks: Sequence[np.ndarray], max_bytes: int, max_height: int = 900) -> list[list[str]]:
    """Data URLs of stacks of frames, all reduced by the same factor until they fit together.

    Args:
        stacks: (F, H, W) uint8 each.
        max_bytes: limit for all data URLs together.
        max_height: frames are reduced to this height at least.

    Raises:
        ValueError: they do not even fit at the smallest useful height.
    """
    height = min(max_height, max((stack.shape[1] for stack in stacks), default=max_height))
    while True:
        encoded = [[_data_url(frame, height) for frame in stack] for stack in stacks]
        total = sum(len(url) for stack in encoded for url in stack)
        if total <= max_bytes:
            return encoded
        if height <= _SMALLEST_HEIGHT:
            count = sum(map(len, stacks))
            raise ValueError(f'{count} frames take {total} bytes and may take {max_bytes}: show fewer cases or slices')
        height = max(_SMALLEST_HEIGHT, int(height * min(0.9, (max_bytes / total) ** 0.5)))


def _data_url(frame: np.ndarray, max_height: int) -> str:
    image = Image.fromarray(frame)
    if image.height > max_height:
        width = max(1, round(image.width * max_height / image.height))
        image = image.resize((width, max_height), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, format='JPEG', quality=_JPEG_QUALITY, optimize=True)
    return 'data:image/jpeg;base64,' + base64.b64encode(buffer.getvalue()).decode('ascii')
