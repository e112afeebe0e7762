"""Pictures of 8 or 16 bits for a page: reduced, deflated and written as text, which the page unpacks one by one.

A plane is stored as differences: each value less its left neighbour, modulo the range of its type, which deflates far
better than the values. Of 16 bits, differences 0, -1, 1, -2 are written as 0, 1, 2, 3, so that the high bytes of small
ones are all 0, and all low bytes come before all high ones. ``assets/viewer/planes.js`` undoes it.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np
import numpy.typing as npt

_DEFLATE_LEVEL = 4  # 6 takes three times as long and saves 2 %
_SMALLEST_HEIGHT = 96  # below this a picture shows nothing
_SAFETY = 0.97  # of the size that is aimed for when planes are reduced

Planes = npt.NDArray[np.uint8 | np.uint16]
"""(F, H, W) frames of one size."""


@dataclass(frozen=True)
class EncodedStack:
    """Frames as text.

    Attributes:
        texts: of each frame.
        width, height: pixels of each.
        factor: by which they were reduced.
    """

    texts: list[str]
    width: int
    height: int
    factor: int = 1


def reduction_factor(height: int, max_height: int | None) -> int:
    """The whole number by which pictures are reduced to a height at most; 1 where there is no limit."""
    return 1 if not max_height else max(1, ceil(height / max_height))


def reduce_planes(planes: Planes, factor: int) -> Planes:
    """Means of ``factor`` x ``factor`` pixels, rounded; the last row and column repeat where they do not divide.

    Args:
        planes: (..., H, W).
        factor: by how much.

    Returns:
        (..., ceil(H / factor), ceil(W / factor)) of the same type.
    """
    if factor == 1:
        return planes
    height, width = planes.shape[-2:]
    down, across = -height % factor, -width % factor
    if down or across:
        planes = np.pad(planes, [(0, 0)] * (planes.ndim - 2) + [(0, down), (0, across)], mode='edge')
    total = np.zeros((*planes.shape[:-2], planes.shape[-2] // factor, planes.shape[-1] // factor), np.uint32)
    for row in range(factor):
        for column in range(factor):
            total += planes[..., row::factor, column::factor]
    return ((total + factor * factor // 2) // (factor * factor)).astype(planes.dtype)


def encode_plane(plane: npt.NDArray[np.uint8 | np.uint16]) -> str:
    """A plane (H, W) as base64 of a zlib stream."""
    steps = plane.copy()
    steps[:, 1:] -= plane[:, :-1]
    if plane.dtype == np.uint16:
        signed = steps.view(np.int16)
        steps = ((signed << 1) ^ (signed >> 15)).view(np.uint16)
        steps = np.stack([(steps & 0xFF).astype(np.uint8), (steps >> 8).astype(np.uint8)])
    return base64.b64encode(zlib.compress(steps.tobytes(), _DEFLATE_LEVEL)).decode('ascii')


def fit_stacks(stacks: Sequence[Planes], max_bytes: int) -> list[EncodedStack]:
    """Stacks as text, all reduced to one height until they fit together.

    Args:
        stacks: (F, H, W) each.
        max_bytes: limit for all texts together.

    Raises:
        ValueError: they do not even fit at the smallest useful height.
    """
    height = max((stack.shape[1] for stack in stacks), default=1)
    while True:
        encoded, total = _encode(stacks, height, max_bytes)
        if encoded is not None:
            return encoded
        if height <= _SMALLEST_HEIGHT:
            frames = sum(map(len, stacks))
            raise ValueError(
                f'{frames} frames take more than the {max_bytes} bytes that they may take: show fewer cases or slices'
            )
        height = max(_SMALLEST_HEIGHT, int(height * min(0.8, _SAFETY * sqrt(max(0, max_bytes) / total))))


def _encode(stacks: Sequence[Planes], height: int, max_bytes: int) -> tuple[list[EncodedStack] | None, int]:
    """The stacks at a height, or None as soon as they are too large, and the bytes that they take or would take."""
    pixels = sum(stack.size // reduction_factor(stack.shape[1], height) ** 2 for stack in stacks)
    encoded, total, done = [], 0, 0
    for stack in stacks:
        factor = reduction_factor(stack.shape[1], height)
        texts: list[str] = []
        for frame in stack:
            small = reduce_planes(frame, factor)
            texts.append(encode_plane(small))
            total, done = total + len(texts[-1]), done + small.size
            if total > max_bytes:
                return None, max(total, round(total * pixels / done))
        encoded.append(EncodedStack(texts, -(-stack.shape[2] // factor), -(-stack.shape[1] // factor), factor))
    return encoded, total
