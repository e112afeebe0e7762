"""Films of DDSM that were decoded from LJPEG but have no header (``*.LJPEG.1``), as PNG files that readers can open.

The decoder of the DDSM project writes 16-bit big-endian values, line by line; the size stands in the .ics file.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from mammo_plugins.io.source_walk import walk_source
from mammo_plugins.io.whole_file import whole_file

from .ics import IcsFilm, parse_ics

RAW_SUFFIX = '.LJPEG.1'


def film_prefix(ics_path: Path, film: IcsFilm) -> str:
    """What the files of a film are called: ``A_1141_1.LEFT_CC`` for LEFT_CC of ``A-1141-1.ics``."""
    return f'{ics_path.stem.replace("-", "_")}.{film.name}'


def write_raw_films_as_png(src: str | Path) -> list[Path]:
    """Writes a PNG of 16 bits beside every raw film that has none; nothing is deleted.

    Args:
        src: folder of cases.

    Returns:
        The files that were written.

    Raises:
        ValueError: a raw film does not have the size that its .ics file says; those before it were written.
    """
    written = []
    for ics_path in (file for file in walk_source(src).files if file.suffix == '.ics'):
        for film in parse_ics(ics_path.read_text(encoding='latin-1')).films:
            prefix = film_prefix(ics_path, film)
            raw, png = ics_path.with_name(f'{prefix}{RAW_SUFFIX}'), ics_path.with_name(f'{prefix}.png')
            if raw.is_file() and not png.exists():
                write_raw_film_as_png(raw, film, png)
                written.append(png)
    return written


def write_raw_film_as_png(raw: Path, film: IcsFilm, png: Path) -> None:
    """Writes one raw film as a PNG of 16 bits; the values stay as they are, and the file appears whole or not at all.

    Raises:
        ValueError: the size or the values are not those of the film.
    """
    expected = film.lines * film.pixels_per_line * 2
    if (size := raw.stat().st_size) != expected:
        raise ValueError(
            f'{raw}: has {size} bytes, {film.lines} lines of {film.pixels_per_line} pixels need {expected}: decode the '
            'LJPEG file again'
        )
    pixels = np.fromfile(raw, '>u2').reshape(film.lines, film.pixels_per_line)
    largest = 2**film.bits_per_pixel - 1
    if pixels.max() > largest >= pixels.byteswap().max():
        raise ValueError(
            f'{raw}: holds values up to {pixels.max()}, {film.bits_per_pixel} bits end at {largest}: the bytes of each '
            'pixel are swapped; write them big-endian'
        )
    with whole_file(png) as unfinished:
        Image.fromarray(pixels.astype(np.uint16)).save(unfinished, format='PNG')
