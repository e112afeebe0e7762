"""Rows of the four tables of CBIS-DDSM: one abnormality in one film each.

The columns differ: ``breast density`` in the tables of calcifications is ``breast_density`` in those of masses, and
each kind has its own two descriptors. One of the paths ends in a newline.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mammo_plugins.structures import ViewKey

from ..conversion_report import ConversionError, ConversionReport
from ..ddsm_vocabulary import category_of, density_letter, lesion_type, stated, subtlety_of
from ..release_files import ReleaseFiles
from ..release_table import RowError, TableRow, read_table

KINDS = ('mass', 'calc')
PUBLISHED_SPLITS = ('train', 'test')
COLUMNS = (
    'patient_id', 'left or right breast', 'image view', 'abnormality id', 'abnormality type', 'assessment', 'pathology',
    'subtlety', 'image file path', 'cropped image file path', 'ROI mask file path',
)  # fmt: skip
DESCRIPTORS = {'mass': ('mass shape', 'mass margins'), 'calc': ('calc type', 'calc distribution')}
DENSITY_COLUMNS = ('breast_density', 'breast density')


@dataclass(frozen=True)
class Abnormality:
    """One row.

    Attributes:
        where: table and line.
        kind: ``mass`` or ``calc``, by the table.
        published_split: ``train`` or ``test``, by the table.
        patient_id: such as ``P_00001``.
        view: of the film.
        number: abnormality id, counted in the film over masses and calcifications.
        category: ``malignant`` or ``benign``.
        type: as in finding attributes.
        density: ``A`` to ``D``, or None.
        assessment: BI-RADS, 0 to 5.
        subtlety: 1 to 5, or None.
        descriptors: shape and margins, or type and distribution, by attribute name.
        pathology, release_name: as the table writes them.
        film_path, roi_paths: as the table writes them; the latter of the mask and the cropped image.
    """

    where: str
    kind: str
    published_split: str
    patient_id: str
    view: ViewKey
    number: int
    category: str
    type: str
    density: str | None
    assessment: str
    subtlety: int | None
    descriptors: dict[str, str]
    pathology: str
    release_name: str
    film_path: str
    roi_paths: tuple[str, str]

    @property
    def film_name(self) -> str:
        """Name of the film's folder, such as ``Mass-Training_P_00001_LEFT_CC``."""
        return PurePosixPath(self.film_path).parts[0]

    @property
    def film(self) -> str:
        """The film, whichever kind of table names it: ``P_00001_LEFT_CC``."""
        return film_of(self.film_name)

    @property
    def film_key(self) -> tuple[str, str]:
        """Patient and view: the same film may be named in a table of masses and in one of calcifications."""
        return self.patient_id, str(self.view)

    @property
    def breast(self) -> tuple[str, str]:
        """Patient and side."""
        return self.patient_id, self.view.laterality.value

    @property
    def key(self) -> tuple[str, ...]:
        """What no two rows may share."""
        return (self.film_name, str(self.view), str(self.number))


def film_of(film_name: str) -> str:
    """``P_00001_LEFT_CC`` for ``Mass-Training_P_00001_LEFT_CC`` and for ``Calc-Training_P_00001_LEFT_CC``."""
    return film_name.partition('_')[2]


def table_name(kind: str, split: str) -> str:
    """File name of a table, as published."""
    return f'{kind}_case_description_{split}_set.csv'


def find_tables(release: ReleaseFiles, kinds: Sequence[str]) -> dict[tuple[str, str], Path]:
    """Tables by kind and published split, in the folder or in one of its folders.

    Raises:
        ConversionError: no table, or one in several places.
    """
    src, tables = release.src, {}
    near = [file for file in release.files if len(file.relative_to(src).parts) <= 2]
    for kind in kinds:
        for split in PUBLISHED_SPLITS:
            name = table_name(kind, split)
            found = [file for file in near if file.name == name]
            if len(found) > 1:
                raise ConversionError(f'{src}: {name} lies in several places: {", ".join(map(str, found))}; keep one')
            if found:
                tables[kind, split] = found[0]
    if not tables:
        expected = ', '.join(table_name(kind, split) for kind in kinds for split in PUBLISHED_SPLITS)
        raise release.refusal(f'holds none of {expected}: download them from The Cancer Imaging Archive')
    return tables


def read_abnormalities(
    tables: dict[tuple[str, str], Path], report: ConversionReport
) -> tuple[list[Abnormality], list[str]]:
    """Every row that can be used, in the order of the tables; and the film (:func:`film_of`) of each that cannot.

    Raises:
        ConversionError: a table cannot be read or lacks a column.
    """
    first: dict[tuple[str, ...], Abnormality] = {}
    lost: list[str] = []
    for (kind, split), path in tables.items():
        for row in read_table(path, (*COLUMNS, *DESCRIPTORS[kind]), report, optional=DENSITY_COLUMNS):
            try:
                abnormality = _parse(row, kind, split)
            except ValueError as error:
                report.drop(row.where, str(error), 'rows')
                lost.extend(_film_of_row(row))
                continue
            if abnormality.key in first:
                reason = f'repeats {first[abnormality.key].where}: {" ".join(abnormality.key)}'
                report.drop(row.where, reason, 'rows')
                continue
            first[abnormality.key] = abnormality
            _note_unknowns(row, abnormality, report)
    return list(first.values()), lost


def _film_of_row(row: TableRow) -> list[str]:
    """The film of a row that cannot be used, unless it is the path of the film that cannot."""
    try:
        return [film_of(PurePosixPath(_path(row, 'image file path')).parts[0])]
    except RowError:
        return []


def _parse(row: TableRow, kind: str, split: str) -> Abnormality:
    side, position = row.text('left or right breast').upper(), row.text('image view').upper()
    if side not in ('LEFT', 'RIGHT'):
        raise RowError(f'left or right breast {side!r} is neither LEFT nor RIGHT')
    assessment = row.integer('assessment')
    if not 0 <= assessment <= 6:
        raise RowError(f'assessment {assessment} is outside 0 to 6')
    pathology, release_name = row.text('pathology').upper(), row.text('abnormality type')
    descriptors = {column.replace(' ', '_'): row.values[column] for column in DESCRIPTORS[kind]}
    return Abnormality(
        where=row.where,
        kind=kind,
        published_split=split,
        patient_id=row.text('patient_id'),
        view=ViewKey.parse(f'{side[0]}-{position}'),
        number=row.integer('abnormality id'),
        category=category_of(pathology),
        type=lesion_type(release_name, descriptors.get('mass_shape', '')),
        density=density_letter(_density(row)),
        assessment=str(assessment),
        subtlety=subtlety_of(row.values['subtlety']),
        descriptors=stated(**descriptors),
        pathology=pathology,
        release_name=release_name,
        film_path=_path(row, 'image file path'),
        roi_paths=(_path(row, 'ROI mask file path'), _path(row, 'cropped image file path')),
    )


def _path(row: TableRow, column: str) -> str:
    """A path that names its case in the first folder.

    Raises:
        RowError: it is empty, or does not.
    """
    path = row.text(column).replace('\\', '/')
    parts = PurePosixPath(path).parts
    if len(parts) < 2 or parts[0] == '/' or '..' in parts:
        raise RowError(f'{column} {path!r} is no path of a file in the folder of its case')
    return path


def _density(row: TableRow) -> str:
    return next((row.values[column] for column in DENSITY_COLUMNS if row.values.get(column)), '')


def _note_unknowns(row: TableRow, abnormality: Abnormality, report: ConversionReport) -> None:
    if abnormality.density is None:
        report.note(row.where, f'breast density {_density(row)!r} is outside 1 to 4: unknown', 'unknown_densities')
    if abnormality.subtlety is None:
        subtlety = row.values['subtlety']
        report.note(row.where, f'subtlety {subtlety!r} is outside 1 to 5: unknown', 'unknown_subtleties')
