"""What a conversion reports, a line each."""

from __future__ import annotations

from mammo_plugins.io import AnnotationSet


def lines(annotations: AnnotationSet, kind: str = 'dropped') -> list[str]:
    """Rows and reasons under ``dropped`` or ``notes``."""
    return [f'{entry["row"]}: {entry["reason"]}' for entry in annotations.info[kind]]


def dropped(annotations: AnnotationSet) -> list[str]:
    """What was left out."""
    return lines(annotations, 'dropped')


def notes(annotations: AnnotationSet) -> list[str]:
    """What was kept although it is odd."""
    return lines(annotations, 'notes')
