"""``image``: every image is read alone."""

from __future__ import annotations

from collections.abc import Sequence

from ..annotated_image import AnnotatedImage
from .case_group import Match


def match_nothing(images: Sequence[AnnotatedImage]) -> list[Match]:
    """Each image by itself, which is always complete."""
    return [Match((image,)) for image in images]
