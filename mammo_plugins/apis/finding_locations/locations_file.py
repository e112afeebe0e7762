"""Locations on disk, a row a finding, in the order of the table of findings.

``PatientID,StudyUID,View[,Modality],X,Width,Y,Height,Z,Score,Side,Projection,Part,Quadrant,Depth,NippleMM,Landmarks,
Words``. A table of its own, since that of findings is a challenge's format, whose readers take no words back.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from mammo_plugins.apis.predicted_files import LOCATIONS
from mammo_plugins.evaluation import Predictions, PredictionsError, read_predictions
from mammo_plugins.io import AnnotationSet
from mammo_plugins.io.whole_file import whole_file
from mammo_plugins.structures import ViewKey
from mammo_plugins.structures.finding_location import FindingLocation

from .located_findings import LocatedFindings
from .locating import locate_findings

_IDS = ('PatientID', 'StudyUID', 'View')
_BOX = ('X', 'Width', 'Y', 'Height', 'Z', 'Score')
_WHERE = ('Side', 'Projection', 'Part', 'Quadrant', 'Depth', 'NippleMM', 'Landmarks', 'Words')


def locate_table(path: str | Path, images: AnnotationSet) -> LocatedFindings:
    """Locates the findings of a table, and writes their locations beside it.

    Args:
        path: a table of findings.
        images: those that the findings are in.
    """
    findings = read_predictions(path)
    locations = locate_findings(images, findings)
    write_locations(Path(path).with_name(LOCATIONS), findings, locations)
    return LocatedFindings(findings, locations)


def write_locations(path: str | Path, findings: Predictions, locations: Sequence[FindingLocation | None]) -> None:
    """Writes the table; a finding without a location has empty cells.

    Args:
        path: where it goes.
        findings: N rows.
        locations: of each of them.
    """
    with_modality = any(key.modality for key in findings.images)
    columns = findings.columns
    with whole_file(path) as unfinished, unfinished.open('w', newline='', encoding='utf-8') as file:
        writer = csv.writer(file, lineterminator='\n')
        writer.writerow([*_IDS, *['Modality'] * with_modality, *_BOX, *_WHERE])
        for row, location in enumerate(locations):
            key = findings.images[findings.image_index[row]]
            numbers = [repr(float(columns[name][row])) for name in _BOX]
            writer.writerow([*(key if with_modality else key[:3]), *numbers, *_cells(location)])


def read_locations(path: str | Path, findings: Predictions) -> list[FindingLocation | None]:
    """Locations of the rows of a table of findings, as :func:`write_locations` wrote them.

    Raises:
        PredictionsError: the table is of other findings, or a cell cannot be read.
    """
    path = Path(path)
    with path.open(newline='', encoding='utf-8') as file:
        rows = list(csv.DictReader(file))
    try:
        numbers = [[float(row[name]) for name in _BOX] for row in rows]
        locations = [_parse(row) for row in rows]
    except (KeyError, TypeError, ValueError) as error:
        raise PredictionsError(f'{path} is no table of locations: {error}') from error
    if numbers != [[float(findings.columns[name][row]) for name in _BOX] for row in range(len(findings))]:
        raise PredictionsError(f'{path} is of other findings than {findings.source}: delete it, it is written anew')
    return locations


def _cells(location: FindingLocation | None) -> list[str]:
    if location is None:
        return [''] * len(_WHERE)
    distance = '' if location.nipple_mm is None else f'{location.nipple_mm:.1f}'
    side, projection = location.view.laterality.value, location.view.position.value
    words = (location.quadrant, location.depth, distance, location.landmarks, location.words)
    return [side, projection, location.part, *words]


def _parse(row: dict[str, str]) -> FindingLocation | None:
    if not row['Part']:
        return None
    return FindingLocation(
        ViewKey.parse(f'{row["Side"]}-{row["Projection"]}'),
        row['Part'],
        row['Depth'],
        float(row['NippleMM']) if row['NippleMM'] else None,
        row['Landmarks'],
        row['Quadrant'],
    )
