"""The .OVERLAY file of a DDSM film: abnormalities and their outlines as chain codes.

A chain code starts with a column and a row and goes on with one digit a pixel: 0 is up (north), then clockwise in steps
of 45 degrees to 7, up and left; ``#`` ends it. The first outline of an abnormality is its BOUNDARY; a CORE lies inside
it and is part of the same finding.

Source: DDSM, description of a case, University of South Florida (files of type .OVERLAY).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

_STEPS_X = np.array([0, 1, 1, 1, 0, -1, -1, -1])
_STEPS_Y = np.array([-1, -1, 0, 1, 1, 1, 0, -1])
_MAX_DIGITS = 6  # of a column or row; the largest films have four
_DESCRIPTORS = ('SHAPE', 'MARGINS', 'TYPE', 'DISTRIBUTION')
_END = '#'


@dataclass
class OverlayAbnormality:
    """One abnormality of a film; texts are as written, empty where absent.

    Attributes:
        number: counted in the film.
        kinds: of its lesion types: ``MASS``, ``CALCIFICATION``, ``OTHER``; some have two.
        descriptors: ``SHAPE`` and ``MARGINS`` of a mass, ``TYPE`` and ``DISTRIBUTION`` of calcifications.
        assessment, subtlety, pathology: digits, and a word such as ``MALIGNANT``.
        boundary_xy: (N, 2) pixels (column, row) that the outline runs through, or None.
        num_cores: outlines inside it.
        problem: what is wrong with the boundary, or None.
    """

    number: str
    kinds: list[str] = field(default_factory=list)
    descriptors: dict[str, str] = field(default_factory=dict)
    assessment: str = ''
    subtlety: str = ''
    pathology: str = ''
    boundary_xy: npt.NDArray[np.int64] | None = None
    num_cores: int = 0
    problem: str | None = None


@dataclass(frozen=True)
class Overlay:
    """What an .OVERLAY file says.

    Attributes:
        total: number of abnormalities that it announces, or None.
        abnormalities: those that it holds.
    """

    total: int | None
    abnormalities: tuple[OverlayAbnormality, ...]


def parse_overlay(text: str) -> Overlay:
    """Reads the text of an .OVERLAY file; what is wrong with an outline stands in its abnormality's ``problem``."""
    reader = _OverlayReader()
    for line in text.splitlines():
        if words := line.split():
            reader.take(words)
    reader.finish_outline()
    return Overlay(reader.total, tuple(reader.abnormalities))


def trace_chain(tokens: list[str]) -> npt.NDArray[np.int64]:
    """Pixels (N, 2) that a chain code runs through, (column, row), the start first.

    Args:
        tokens: column, row and directions, without the final ``#``.

    Raises:
        ValueError: it has no start, or a direction is none of 0 to 7.
    """
    start = [token[: _MAX_DIGITS + 1] for token in tokens[:2]]
    if len(start) < 2 or not all(token.isdecimal() and len(token) <= _MAX_DIGITS for token in start):
        raise ValueError(f'outline starts with {start}, not with a column and a row')
    if wrong := [token for token in tokens[2:] if token not in ('0', '1', '2', '3', '4', '5', '6', '7')]:
        raise ValueError(f'outline has direction {wrong[0][:20]!r}: expected 0 to 7')
    directions = np.array([int(token) for token in tokens[2:]], dtype=np.int64)
    x = int(tokens[0]) + np.concatenate([[0], np.cumsum(_STEPS_X[directions])])
    y = int(tokens[1]) + np.concatenate([[0], np.cumsum(_STEPS_Y[directions])])
    return np.stack([x, y], axis=1)


class _OverlayReader:
    """Takes the file line by line."""

    def __init__(self) -> None:
        self.total: int | None = None
        self.abnormalities: list[OverlayAbnormality] = []
        self._outline: list[str] | None = None
        self._is_core = False

    def take(self, words: list[str]) -> None:
        """One line, split into words."""
        key, value = words[0], ' '.join(words[1:])
        if key in ('BOUNDARY', 'CORE'):
            self.finish_outline()
            self._outline, self._is_core = [], key == 'CORE'
            words = words[1:]
        if self._outline is not None and (not words or words[0].isdecimal() or words[0] == _END):
            self._take_chain(words)
        elif key == 'TOTAL_ABNORMALITIES':
            self.total = int(value) if value.isdecimal() and len(value) < 6 else None
        elif key == 'ABNORMALITY':
            self.finish_outline()
            self.abnormalities.append(OverlayAbnormality(value))
        elif self.abnormalities:
            self._take_fact(self.abnormalities[-1], key, words[1:])

    def _take_chain(self, words: list[str]) -> None:
        ends = _END in words
        self._outline.extend(words[: words.index(_END)] if ends else words)
        if ends:
            self._close_outline(complete=True)

    def _take_fact(self, abnormality: OverlayAbnormality, key: str, words: list[str]) -> None:
        if key == 'LESION_TYPE' and words:
            abnormality.kinds.append(words[0])
            for name, value in zip(words[1:], words[2:], strict=False):
                if name in _DESCRIPTORS:
                    abnormality.descriptors.setdefault(name, value)
        elif key in ('ASSESSMENT', 'SUBTLETY', 'PATHOLOGY'):
            setattr(abnormality, key.lower(), ' '.join(words))

    def finish_outline(self) -> None:
        """Ends an outline that the file does not end."""
        if self._outline is not None:
            self._close_outline(complete=False)

    def _close_outline(self, complete: bool) -> None:
        tokens, self._outline = self._outline, None
        if not self.abnormalities:
            return
        abnormality = self.abnormalities[-1]
        if self._is_core:
            abnormality.num_cores += 1
            return
        try:
            if not complete:
                raise ValueError(f'outline ends without {_END}')
            if abnormality.boundary_xy is not None:
                raise ValueError('has more than one BOUNDARY')
            abnormality.boundary_xy = trace_chain(tokens)
        except ValueError as error:
            abnormality.problem = str(error)
