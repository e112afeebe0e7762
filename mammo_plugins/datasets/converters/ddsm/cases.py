"""Cases of DDSM on disk: the .ics file, the films that lie beside it and their overlays.

A case is a folder in a volume such as ``cancers/cancer_05``, whose name says what was found in the cases in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..conversion_report import ConversionReport
from ..ddsm_vocabulary import density_letter
from ..release_files import ReleaseFiles
from .ics import IcsCase, IcsFilm, parse_ics
from .overlay import Overlay, parse_overlay
from .raw_films import RAW_SUFFIX, film_prefix

LEVELS = ('normal', 'benign_without_callback', 'benign', 'cancer')

_LEVEL_PATTERN = re.compile(rf'({"|".join(LEVELS)})_\d+')
_MAX_TEXT_BYTES = 2**24  # the longest overlays have some 100 kB
_TO_PNG = (
    'python -c "from mammo_plugins.datasets.converters.ddsm.raw_films import write_raw_films_as_png as write; '
    "write('SRC')\""
)


@dataclass(frozen=True)
class DdsmCase:
    """A case with its place on disk.

    Attributes:
        ics_path: its .ics file.
        facts: what that says.
        level: one of ``LEVELS``, by the name of its volume, or None.
    """

    ics_path: Path
    facts: IcsCase
    level: str | None

    @property
    def study_id(self) -> str:
        """Such as ``A_1141_1``."""
        return self.ics_path.stem.replace('-', '_')

    @property
    def patient_id(self) -> str:
        """The study without the number of the exam: all exams of one woman go into one split."""
        match = re.fullmatch(r'([A-Za-z]+_\d+)_\d+', self.study_id)
        return match[1] if match else self.study_id


@dataclass(frozen=True)
class DdsmFilm:
    """A film whose PNG exists.

    Attributes:
        case, film: whose and which.
        png: its file.
        overlay: None where it has none, or where the file is missing or cannot be read.
        is_complete: whether the overlay, or its absence, is known.
    """

    case: DdsmCase
    film: IcsFilm
    png: Path
    overlay: Overlay | None
    is_complete: bool

    @property
    def num_lost(self) -> int:
        """How many abnormalities at least are marked on the film and not in the overlay that was read."""
        if self.overlay is None:
            return int(not self.is_complete)
        return max(0, (self.overlay.total or 0) - len(self.overlay.abnormalities))

    @property
    def where(self) -> str:
        """For reports."""
        return f'{self.case.ics_path.name} {self.film.name}'


def read_cases(release: ReleaseFiles, report: ConversionReport) -> list[DdsmCase]:
    """Every case of a release; what is odd about one is reported.

    Raises:
        ConversionError: there is no case.
    """
    src, cases = release.src, {}
    for path in (file for file in release.files if file.suffix == '.ics'):
        where = path.relative_to(src).as_posix()
        text = _read_text(path)
        if text is None:
            report.drop(where, f'cannot be read, or is larger than {_MAX_TEXT_BYTES} bytes', 'cases')
            continue
        case = DdsmCase(path, parse_ics(text), _level_of(path.relative_to(src)))
        if case.study_id in cases:
            report.drop(where, f'repeats case {cases[case.study_id].ics_path.relative_to(src)}', 'cases')
            continue
        cases[case.study_id] = case
        for line, problem in case.facts.problems:
            report.drop(f'{where} line {line}', problem, 'images')
        if not case.facts.films:
            report.drop(where, 'lists no film that can be used', 'cases')
        if density_letter(case.facts.density) is None:
            reason = f'DENSITY {case.facts.density!r} is outside 1 to 4: unknown'
            report.note(where, reason, 'unknown_densities')
        if case.level is None:
            reason = f'lies in no folder such as {", ".join(f"{level}_01" for level in LEVELS)}: level unknown'
            report.note(where, reason, 'cases_without_level')
    if not cases:
        raise release.refusal('holds no case (*.ics): give the folder that the volumes of DDSM lie in')
    return list(cases.values())


def _level_of(path: Path) -> str | None:
    """The level in the nearest folder's name that has one (``cancer_05``)."""
    matches = (_LEVEL_PATTERN.fullmatch(part) for part in reversed(path.parts[:-1]))
    return next((match[1] for match in matches if match), None)


def find_films(case: DdsmCase, release: ReleaseFiles, report: ConversionReport) -> list[DdsmFilm]:
    """The films of a case that can be opened, with their overlays; the others are reported with what is missing."""
    names = {path.name.lower(): path for path in release.in_folder(case.ics_path.parent)}
    films = []
    for film in case.facts.films:
        prefix, where = film_prefix(case.ics_path, film), f'{case.ics_path.name} {film.name}'
        candidates = (f'{prefix}{suffix}'.lower() for suffix in ('.png', '.LJPEG.png', f'{RAW_SUFFIX}.png'))
        png = next((names[name] for name in candidates if name in names), None)
        overlay_path = names.get(f'{prefix}.OVERLAY'.lower())
        if png is None:
            report.drop(where, _missing_film(prefix, names), 'images')
            continue
        overlay = _read_overlay(overlay_path, where, report) if overlay_path else None
        if film.has_overlay and overlay_path is None:
            report.note(where, f'{prefix}.OVERLAY is announced, but missing', 'missing_overlays')
        if overlay_path and not film.has_overlay:
            report.note(where, f'{overlay_path.name} exists, but is not announced: used', 'unannounced_overlays')
        is_complete = overlay is not None or not (film.has_overlay or overlay_path)
        films.append(DdsmFilm(case, film, png, overlay, is_complete))
    return films


def _missing_film(prefix: str, names: Iterable[str]) -> str:
    """Why a film cannot be used, and how to mend it."""
    if f'{prefix}{RAW_SUFFIX}'.lower() in names:
        return f'no {prefix}.png, only the raw film {prefix}{RAW_SUFFIX}: write it as PNG with {_TO_PNG}'
    if f'{prefix}.LJPEG'.lower() in names:
        return (
            f"no {prefix}.png, only {prefix}.LJPEG: decode it to {prefix}{RAW_SUFFIX} with the jpeg program of DDSM's "
            f'software page, then write it as PNG with {_TO_PNG}'
        )
    return f'no {prefix}.png'


def _read_overlay(path: Path, where: str, report: ConversionReport) -> Overlay | None:
    text = _read_text(path)
    if text is None:
        reason = f'{path.name} cannot be read, or is larger than {_MAX_TEXT_BYTES} bytes'
        report.drop(where, reason, 'overlays')
        return None
    overlay = parse_overlay(text)
    if overlay.total != len(overlay.abnormalities):
        reason = f'{path.name} announces {overlay.total} abnormalities and holds {len(overlay.abnormalities)}'
        report.note(where, reason, 'overlays_of_other_length')
    return overlay


def _read_text(path: Path) -> str | None:
    try:
        return path.read_text(encoding='latin-1') if path.stat().st_size <= _MAX_TEXT_BYTES else None
    except OSError:
        return None
