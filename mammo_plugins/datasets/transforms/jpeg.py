"""Random compression with loss."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
from mmdet.registry import TRANSFORMS
from PIL import Image

from .random_view import RandomViewTransform, check_probability

_WHITE = 255


@TRANSFORMS.register_module()
class RandomJPEG(RandomViewTransform):
    """Compresses each slice of a view as JPEG of 8 bits, and reads it back; ends in [0, 1].

    Archives that compress with loss keep 12 bits (JPEG extended, JPEG 2000); what is sent by screen, export or chat is
    the baseline format of 8 bits, which this is. Rounding to 8 bits is part of the change.

    Source: ISO/IEC 10918-1 (baseline); qualities as the Independent JPEG Group counts them.

    Args:
        quality: range of the quality, whole numbers from 1 to 95.
        prob: how often a view is compressed.

    Raises:
        ValueError: the range is reversed or leaves 1 to 95, or the probability is outside [0, 1].
    """

    def __init__(self, quality: tuple[int, int] = (30, 90), prob: float = 0.5) -> None:
        if not 1 <= quality[0] <= quality[1] <= 95:
            raise ValueError(f'quality must be a range (low, high) within 1 to 95, got {quality!r}')
        self.quality, self.prob = quality, check_probability(prob)

    def sample_parameters(self, rng: np.random.Generator, view: dict[str, Any]) -> dict[str, int | None]:
        compressed = rng.random() < self.prob
        quality = int(rng.integers(self.quality[0], self.quality[1], endpoint=True))
        return dict(quality=quality if compressed else None)

    def apply(self, view: dict[str, Any], quality: int | None) -> None:
        if quality is not None:
            view['img'] = np.stack([_compressed(pixels, quality) for pixels in view['img']])


def _compressed(pixels: np.ndarray, quality: int) -> np.ndarray:
    """(H, W) float32 in [0, 1] that went through a file."""
    with BytesIO() as file:
        picture = Image.fromarray(np.rint(pixels.clip(0, 1) * _WHITE).astype(np.uint8))
        picture.save(file, 'JPEG', quality=quality)
        file.seek(0)
        return np.asarray(Image.open(file), np.float32) / np.float32(_WHITE)
