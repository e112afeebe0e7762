"""Phantoms in the layout of DDSM: a folder a case with its .ics file, films as PNG of 16 bits, and overlays.

Its oddities are there too: a core inside of an outline, an outline that overruns the edge of its film where a finding
touches one, and overlays that are announced and missing (cancers whose boxes are withheld).

Source: DDSM, description of a case, University of South Florida.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from mammo_plugins.io import read_mammogram

from ..bcs_dbt_release import FindingRow, ImageRow
from .release_rows import pair_with_findings

_SCANNERS = (('DBA', 16, '42'), ('HOWTEK', 12, '43.5'), ('LUMISYS', 12, '50'))
_FILMS = {'lcc': 'LEFT_CC', 'lmlo': 'LEFT_MLO', 'rcc': 'RIGHT_CC', 'rmlo': 'RIGHT_MLO'}
_LESIONS = {
    'mass': 'MASS SHAPE OVAL MARGINS ILL_DEFINED',
    'distortion': 'MASS SHAPE ARCHITECTURAL_DISTORTION MARGINS N/A',
    'calcification': 'CALCIFICATION TYPE PLEOMORPHIC DISTRIBUTION CLUSTERED',
}
_DIRECTIONS = {(0, -1): 0, (1, -1): 1, (1, 0): 2, (1, 1): 3, (0, 1): 4, (-1, 1): 5, (-1, 0): 6, (-1, -1): 7}
_OVERRUN = {'left': [6, 6, 2, 2], 'right': [2, 2, 6, 6]}


def write_ddsm(
    source: Path, folder: Path, images: Sequence[ImageRow], findings: Sequence[FindingRow], seed: int
) -> None:
    """Writes the mammograms as DDSM, each patient a case.

    Args:
        source: folder of the generic phantoms.
        folder: empty folder to write into.
        images, findings: rows of the phantoms.
        seed: of scanners, and of which finding gets a core.
    """
    rng = np.random.default_rng(seed)
    cases: dict[str, list[tuple[ImageRow, list[FindingRow]]]] = defaultdict(list)
    for image, found in pair_with_findings(images, findings):
        cases[image.patient_id].append((image, found))
    with_core = str(rng.choice(sorted({row.finding_id for row in findings}))) if findings else ''
    for films in cases.values():
        _write_case(source, folder, films, with_core, rng)


def _write_case(
    source: Path,
    folder: Path,
    films: Sequence[tuple[ImageRow, list[FindingRow]]],
    with_core: str,
    rng: np.random.Generator,
) -> None:
    images = [image for image, _ in films]
    digitizer, bits, resolution = _SCANNERS[int(rng.integers(len(_SCANNERS)))]
    number = int(''.join(filter(str.isdecimal, images[0].patient_id)))
    level = _level(images, rng)
    case = folder / f'{level}s' / f'{level}_01' / f'case{number:04}'
    case.mkdir(parents=True)
    lines = [
        'ics_version 1.0', f'filename A-{number:04}-1', 'DATE_OF_STUDY 1 1 2000', f'PATIENT_AGE {rng.integers(40, 80)}',
        'FILM ', 'FILM_TYPE REGULAR', f'DENSITY {"ABCD".index(images[0].density) + 1}', 'DATE_DIGITIZED 1 2 2000 ',
        f'DIGITIZER {digitizer}', 'SELECTED',
    ]  # fmt: skip
    for image, found in films:
        film = _FILMS[image.view]
        stem = case / f'A_{number:04}_1.{film}'
        pixels = read_mammogram(source / image.path, voi='none').pixels
        stored = np.round(pixels * (2**bits - 1)).astype(np.uint16)
        Image.fromarray(stored).save(stem.with_name(f'{stem.name}.png'))
        lines.append(
            f'{film} LINES {image.height} PIXELS_PER_LINE {image.width} BITS_PER_PIXEL {bits} RESOLUTION {resolution} '
            + ('OVERLAY' if found or not image.annotated else 'NON_OVERLAY')
        )
        if found:
            text = ''.join(
                _describe(source, image, finding, place, finding.finding_id == with_core, level)
                for place, finding in enumerate(found, start=1)
            )
            stem.with_name(f'{stem.name}.OVERLAY').write_text(f'TOTAL_ABNORMALITIES {len(found)}\n{text}')
    (case / f'A-{number:04}-1.ics').write_text('\n'.join(lines) + '\n')


def _level(images: Sequence[ImageRow], rng: np.random.Generator) -> str:
    """Volume of a case: cancers that were not outlined are cancers too."""
    if any(image.malignant for image in images):
        return 'cancer'
    benign = 'benign_without_callback' if rng.uniform() < 0.3 else 'benign'
    return benign if any(image.benign for image in images) else 'normal'


def _describe(source: Path, image: ImageRow, finding: FindingRow, place: int, with_core: bool, level: str) -> str:
    """Text of one abnormality."""
    with Image.open(source / finding.mask) as picture:
        outline = _outline(np.asarray(picture) > 0)
    benign = 'BENIGN_WITHOUT_CALLBACK' if level == 'benign_without_callback' else 'BENIGN'
    text = (
        f'ABNORMALITY {place}\nLESION_TYPE {_LESIONS[finding.type]}\nASSESSMENT {image.birads}\nSUBTLETY 3\n'
        f'PATHOLOGY {"MALIGNANT" if finding.malignancy == "malignant" else benign}\n'
        f'TOTAL_OUTLINES {1 + with_core}\nBOUNDARY\n{_chain(outline, image.width)}\n'
    )
    if with_core:
        x, y = outline.mean(axis=0).astype(int)
        text += f'\tCORE\n{x} {y} #\n'
    return text


def _outline(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """(N, 2) pixels once around a mask, neighbours one step apart; around the hull of one that has several parts."""
    drawn = mask.astype(np.uint8)
    contours, _ = cv2.findContours(drawn, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if len(contours) > 1:
        drawn = cv2.fillConvexPoly(np.zeros_like(drawn), cv2.convexHull(np.concatenate(contours)), 1)
        contours, _ = cv2.findContours(drawn, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return contours[0][:, 0].astype(np.int64)


def _chain(outline: npt.NDArray[np.int64], width: int) -> str:
    """Chain code; one that touches the left or right edge of its film runs two pixels over it and back."""
    at_edge = {'left': np.flatnonzero(outline[:, 0] == 0), 'right': np.flatnonzero(outline[:, 0] == width - 1)}
    edge = next((edge for edge, places in at_edge.items() if len(places)), None)
    start = int(at_edge[edge][0]) if edge else 0
    points = np.roll(outline, -start, axis=0)
    steps = np.diff(np.concatenate([points, points[:1]]), axis=0)
    directions = [_DIRECTIONS[dx, dy] for dx, dy in steps.tolist() if (dx, dy) != (0, 0)]
    return ' '.join(map(str, [*points[0].tolist(), *(_OVERRUN[edge] if edge else []), *directions])) + ' #'
