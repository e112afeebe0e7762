"""The .ics file of a DDSM case: one line a fact, and one a film with its size.

Source: DDSM, description of a case, University of South Florida (files of type .ics).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mammo_plugins.structures import ViewKey

MAX_SIDE_PX = 20_000
"""The largest films have some 7,000 lines; a side above this is a broken number."""

_MAX_DIGITS = 9  # of a number that is looked at

_FILM_FIELDS = ('LINES', 'PIXELS_PER_LINE', 'BITS_PER_PIXEL', 'RESOLUTION')
_SIDES = ('LEFT_', 'RIGHT_')


@dataclass(frozen=True)
class IcsFilm:
    """One film of a case.

    Attributes:
        name: as in the names of its files, such as ``LEFT_CC``.
        view: side and projection.
        lines, pixels_per_line: height and width in pixels.
        bits_per_pixel: of the scanner.
        resolution_um: distance of pixel centres in micrometres, or None where it is not a positive number.
        has_overlay: whether a file of outlines belongs to it.
    """

    name: str
    view: ViewKey
    lines: int
    pixels_per_line: int
    bits_per_pixel: int
    resolution_um: float | None
    has_overlay: bool


@dataclass(frozen=True)
class IcsCase:
    """What an .ics file says.

    Attributes:
        density: ACR density as written (1 to 4), empty where absent.
        age: of the patient in years, or None.
        digitizer: maker of the film scanner, empty where absent.
        films: those with a usable line.
        problems: (line number from 1, what is wrong) of the other lines of films.
    """

    density: str
    age: int | None
    digitizer: str
    films: tuple[IcsFilm, ...]
    problems: tuple[tuple[int, str], ...]


def parse_ics(text: str) -> IcsCase:
    """Reads the text of an .ics file; lines that are neither known facts nor films are left alone."""
    facts: dict[str, str] = {}
    films: dict[str, IcsFilm] = {}
    problems = []
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words:
            continue
        if not words[0].startswith(_SIDES):
            facts.setdefault(words[0], ' '.join(words[1:]))
            continue
        try:
            film = _parse_film(words)
            if film.name in films:
                raise ValueError(f'{film.name} is listed twice')
            films[film.name] = film
        except ValueError as error:
            problems.append((number, str(error)))
    age = facts.get('PATIENT_AGE', '')
    return IcsCase(
        density=facts.get('DENSITY', ''),
        age=int(age) if age.isdecimal() and len(age) <= _MAX_DIGITS and 0 < int(age) <= 120 else None,
        digitizer=facts.get('DIGITIZER', ''),
        films=tuple(films.values()),
        problems=tuple(problems),
    )


def _parse_film(words: Sequence[str]) -> IcsFilm:
    """A line such as ``LEFT_CC LINES 4696 PIXELS_PER_LINE 3024 BITS_PER_PIXEL 12 RESOLUTION 50 OVERLAY``.

    Raises:
        ValueError: the view is unknown, or a number is missing or absurd.
    """
    name = words[0]
    side, _, position = name.partition('_')
    values = {}
    for key in _FILM_FIELDS:
        if key not in words[:-1]:
            raise ValueError(f'{name}: {key} is missing')
        values[key] = words[words.index(key) + 1]
    return IcsFilm(
        name=name,
        view=ViewKey.parse(f'{side[0]}-{position}'),
        lines=_integer(values, 'LINES', MAX_SIDE_PX),
        pixels_per_line=_integer(values, 'PIXELS_PER_LINE', MAX_SIDE_PX),
        bits_per_pixel=_integer(values, 'BITS_PER_PIXEL', 16),
        resolution_um=_resolution(values['RESOLUTION']),
        has_overlay=words[-1] == 'OVERLAY',
    )


def _integer(values: dict[str, str], key: str, largest: int) -> int:
    text = values[key]
    if not (text.isdecimal() and len(text) <= _MAX_DIGITS and 1 <= int(text) <= largest):
        raise ValueError(f'{key} {text!r} is not an integer from 1 to {largest}')
    return int(text)


def _resolution(text: str) -> float | None:
    """Micrometres; scanners of DDSM have 42, 43.5 and 50."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 1 <= value <= 1000 else None
