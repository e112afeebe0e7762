"""Sentences about some images, which add up when more images are looked at."""

from __future__ import annotations

from collections.abc import Mapping

COUNT = '{count}'
"""In front of a sentence: the number of images that it speaks of."""


def note_texts(notes: Mapping[str, int]) -> list[str]:
    """The sentences with their numbers, where they name one.

    Args:
        notes: sentence to the number of images.
    """
    return [f'{count}{text.removeprefix(COUNT)}' if text.startswith(COUNT) else text for text, count in notes.items()]
