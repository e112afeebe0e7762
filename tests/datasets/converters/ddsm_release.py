"""A small DDSM on disk: cases in volumes, each with an .ics file, PNG films and overlays."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

LINES, PIXELS = 40, 30
FILMS = ('LEFT_CC', 'LEFT_MLO', 'RIGHT_CC', 'RIGHT_MLO')


class DdsmRelease:
    """Writes cases as they are added."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, name='A-1141-1', volume='cancers/cancer_01', overlays=None, films=FILMS, density='3', png=True,
            facts=('PATIENT_AGE 42', 'DIGITIZER LUMISYS'), resolution='50', size=(LINES, PIXELS)) -> Path:  # fmt: skip
        """A case; gives its folder.

        Args:
            overlays: text of an overlay by film; that film is announced with OVERLAY, the others with NON_OVERLAY.
            png: whether to write the films.
        """
        overlays = overlays or {}
        folder = self.folder / volume / f'case{name.split("-")[1]}'
        folder.mkdir(parents=True)
        lines = ['ics_version 1.0', f'filename {name}', 'DATE_OF_STUDY 2 7 1995', *facts, 'FILM', f'DENSITY {density}']
        for film in films:
            kind = 'OVERLAY' if film in overlays else 'NON_OVERLAY'
            lines.append(film_line(film, size, resolution, kind))
            stem = f'{name.replace("-", "_")}.{film}'
            if png:
                write_film(folder / f'{stem}.png', size)
            if film in overlays:
                (folder / f'{stem}.OVERLAY').write_text(overlays[film])
        (folder / f'{name}.ics').write_text('\n'.join(lines) + '\n')
        return folder


def film_line(film='LEFT_CC', size=(LINES, PIXELS), resolution='50', kind='OVERLAY') -> str:
    """A line of an .ics file."""
    rows, columns = size
    return f'{film} LINES {rows} PIXELS_PER_LINE {columns} BITS_PER_PIXEL 12 RESOLUTION {resolution} {kind}'


def write_film(path: Path, size: Sequence[int]) -> None:
    """A PNG of 16 bits."""
    pixels = np.linspace(0, 4095, size[0] * size[1]).astype(np.uint16).reshape(size)
    Image.fromarray(pixels).save(path)


def overlay(*abnormalities: str) -> str:
    """Text of an overlay."""
    numbered = (f'ABNORMALITY {n}\n{text}' for n, text in enumerate(abnormalities, start=1))
    return f'TOTAL_ABNORMALITIES {len(abnormalities)}\n' + ''.join(numbered)


def abnormality(box=(4, 6, 5, 7), pathology='MALIGNANT', lesion='MASS SHAPE OVAL MARGINS SPICULATED', assessment='5',
                subtlety='3', chain=None, after='') -> str:  # fmt: skip
    """Text of one abnormality.

    Args:
        box: x, y, width and height in pixels of a rectangular outline.
        chain: start and directions instead of those of the box, with the end sign.
        after: further outlines.
    """
    return (
        f'LESION_TYPE {lesion}\nASSESSMENT {assessment}\nSUBTLETY {subtlety}\nPATHOLOGY {pathology}\n'
        f'TOTAL_OUTLINES 1\nBOUNDARY\n{chain or box_chain(box)}\n{after}'
    )


def box_chain(box: Sequence[int]) -> str:
    """Chain code once around a box, clockwise from its upper left pixel: east, south, west, north."""
    x, y, width, height = box
    directions = [2] * (width - 1) + [4] * (height - 1) + [6] * (width - 1) + [0] * (height - 1)
    return ' '.join(map(str, [x, y, *directions])) + ' #'
