"""What the clinical table of EMBED says of a breast: assessment, pathology, and what its findings are.

The table has a row a finding, with the side it lies on (``B`` and an empty field stand for both), the BI-RADS letter,
descriptors, and, where tissue was taken, the most severe result (``path_severity``) and its side (``bside``).

Source: Jeong et al., Radiology: Artificial Intelligence 5(1), 2023, https://doi.org/10.1148/ryai.220047; data
descriptor and clinical legend of the Open Data release, https://github.com/Emory-HITI/EMBED_Open_Data.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..birads_labels import most_suspicious_birads, read_density
from ..conversion_report import ConversionReport
from ..release_table import RowError, TableRow
from ..wide_table import iter_wide_table

CLINICAL_COLUMNS = ('acc_anon', 'side', 'asses', 'path_severity')
OPTIONAL_CLINICAL_COLUMNS = (
    'bside', 'desc', 'tissueden', 'massshape', 'massmargin', 'massdens', 'calcfind', 'calcdistri',
)  # fmt: skip

BIRADS_OF_LETTER = {'A': '0', 'N': '1', 'B': '2', 'P': '3', 'S': '4', 'M': '5', 'K': '6'}
CANCER_SEVERITIES, BENIGN_SEVERITIES, OTHER_CANCER = (0, 1), (2, 3, 4, 5), 6
"""``path_severity``: 0 invasive, 1 non-invasive cancer; 2 high-risk, 3 borderline, 4 benign, 5 normal tissue; 6 a
cancer that is none of the breast."""

_SIDES = {'L': frozenset('L'), 'R': frozenset('R'), 'B': frozenset('LR'), '': frozenset('LR')}
_SHAPES = {
    'G': ('mass', 'generic'),
    'R': ('mass', 'round'),
    'O': ('mass', 'oval'),
    'X': ('mass', 'irregular'),
    'Q': ('distortion', 'questioned architectural distortion'),
    'A': ('distortion', 'architectural distortion'),
    'T': ('asymmetry', 'tubular structure or solitary dilated duct'),
    'B': ('asymmetry', 'global asymmetry'),
    'F': ('asymmetry', 'focal asymmetry'),
    'S': ('asymmetry', 'asymmetry'),
    'V': ('asymmetry', 'developing asymmetry'),
    'N': ('other', 'intramammary lymph node'),
    'Y': ('other', 'lymph node'),
}
_BOTH_BREASTS = re.compile(r'\bbil', re.IGNORECASE)
_MALE_DENSITY = '5'


@dataclass(frozen=True)
class ClinicalFinding:
    """A row of the table.

    Attributes:
        birads: ``0`` to ``6``, or None where the letter is none of BI-RADS.
        severity: of the pathology, 0 to 6, or None where no tissue was taken (or nobody entered the result).
        sides: the breasts it is a finding of, of ``L`` and ``R``.
        pathology_sides: the breasts its pathology is of.
        kind: type and the release's own name, or None where nothing describes it.
    """

    birads: str | None
    severity: int | None
    sides: frozenset[str]
    pathology_sides: frozenset[str]
    kind: tuple[str, str] | None

    def concerns(self, side: str) -> bool:
        return side in self.sides or (self.severity is not None and side in self.pathology_sides)

    def severity_in(self, side: str) -> int | None:
        return self.severity if side in self.pathology_sides else None

    def is_proven(self, side: str) -> bool:
        """Whether tissue of this breast tells, or BI-RADS 6, which says that it has."""
        return self.severity_in(side) is not None or self.birads == '6'

    def category(self, side: str, unproven_as_benign: bool = False) -> str | None:
        """``malignant``, ``benign``, or None where nobody can tell from this row.

        Without pathology, BI-RADS 1 to 3 is benign, and 6 (known cancer) malignant where it is of one breast. 0, 4 and
        5 ask for more images or a biopsy, whose result is not there; they are benign where ``unproven_as_benign``.
        """
        severity = self.severity_in(side)
        if severity is not None:
            return 'malignant' if severity in CANCER_SEVERITIES else 'benign' if severity in BENIGN_SEVERITIES else None
        if self.birads == '6' and len(self.sides) == 1:
            return 'malignant'
        is_benign = self.birads in ('1', '2', '3') or (unproven_as_benign and self.birads in ('0', '4', '5'))
        return 'benign' if is_benign else None

    @property
    def is_negative(self) -> bool:
        """A row that says that there is no finding."""
        return self.birads == '1' and self.kind is None and self.severity is None


@dataclass(frozen=True)
class ClinicalExam:
    """The rows of one exam.

    Attributes:
        findings: its rows.
        density: ``A`` to ``D``, or None.
        description: such as ``MG Screening Bilateral``.
    """

    findings: tuple[ClinicalFinding, ...]
    density: str | None
    description: str

    def findings_of(self, side: str) -> list[ClinicalFinding]:
        """The rows that concern a breast."""
        return [finding for finding in self.findings if finding.concerns(side)]

    def breast_labels(self, side: str, unproven_as_benign: bool = False) -> dict[str, Any]:
        """Image labels of a breast; ``malignant`` is absent where its outcome is unknown.

        A breast without a row of its own, in an exam of both, is a negative one whose row was not written.

        Args:
            side: ``L`` or ``R``.
            unproven_as_benign: count BI-RADS 0, 4 and 5 without pathology as not malignant.
        """
        findings = self.findings_of(side)
        categories = {finding.category(side, unproven_as_benign) for finding in findings}
        labels: dict[str, Any] = {'density': self.density}
        if 'malignant' in categories:
            labels['malignant'] = 1
        elif None not in categories and (findings or _BOTH_BREASTS.search(self.description)):
            labels['malignant'] = 0
        if any(finding.category(side) == 'benign' and not finding.is_negative for finding in findings):
            labels['benign'] = 1
        elif all(finding.is_negative for finding in findings) and 'malignant' in labels:
            labels['benign'] = 0
        labels['birads'] = most_suspicious_birads([finding.birads for finding in findings if finding.birads])
        severities = [severity for finding in findings if (severity := finding.severity_in(side)) is not None]
        labels['path_severity'] = min(severities, default=None)
        labels['screening'] = int('screen' in self.description.lower()) if self.description else None
        return {name: value for name, value in labels.items() if value is not None}


def read_clinical_table(path: Path, report: ConversionReport) -> dict[str, ClinicalExam]:
    """Exams by their number (``acc_anon``).

    An exam with a row that cannot be used is left out as a whole: that row may be the one with the cancer.

    Raises:
        ConversionError: the table cannot be read, or lacks a column.
    """
    findings: dict[str, list[ClinicalFinding]] = defaultdict(list)
    densities: dict[str, str] = {}
    descriptions: dict[str, str] = {}
    broken: set[str] = set()
    for row in iter_wide_table(path, CLINICAL_COLUMNS, report, OPTIONAL_CLINICAL_COLUMNS):
        exam = row.values['acc_anon'].removesuffix('.0')
        try:
            row.text('acc_anon')
            finding = _read_finding(row, report)
        except ValueError as error:
            report.drop(row.where, f'{error}; no other row of the exam is used either', 'clinical_rows')
            broken.add(exam)
            continue
        findings[exam].append(finding)
        if density := _read_density(row, report):
            densities.setdefault(exam, density)
        descriptions.setdefault(exam, row.optional_text('desc') or '')
    return {
        exam: ClinicalExam(tuple(rows), densities.get(exam), descriptions[exam])
        for exam, rows in findings.items()
        if exam not in broken
    }


def _read_finding(row: TableRow, report: ConversionReport) -> ClinicalFinding:
    letter = row.values['asses'].upper()
    if letter not in BIRADS_OF_LETTER:
        reason = f'asses {letter!r} is none of {", ".join(BIRADS_OF_LETTER)}: no assessment'
        report.note(row.where, reason, 'unknown_assessments')
    severity = row.optional_integer('path_severity')
    if severity is not None and not 0 <= severity <= OTHER_CANCER:
        raise RowError(f'path_severity {severity} is outside 0 to {OTHER_CANCER}')
    sides = _read_sides(row, 'side')
    pathology_sides = _read_sides(row, 'bside') if row.values.get('bside') else sides
    if severity is not None and not pathology_sides & sides:
        reason = f'finding of side {row.values["side"]}, pathology of side {row.values["bside"]}: the latter counts'
        report.note(row.where, reason, 'contradicting_sides')
    kind = _describe(row)
    return ClinicalFinding(BIRADS_OF_LETTER.get(letter), severity, sides, pathology_sides, kind)


def _read_sides(row: TableRow, column: str) -> frozenset[str]:
    text = row.values[column].upper()
    if text not in _SIDES:
        raise RowError(f'{column} {text!r} is none of L, R, B and empty')
    return _SIDES[text]


def _describe(row: TableRow) -> tuple[str, str] | None:
    """Type and name of a finding from its descriptors; a mass with calcifications is a mass."""
    if (shape := row.values.get('massshape', '').upper()) in _SHAPES:
        return _SHAPES[shape]
    if row.values.get('massmargin') or row.values.get('massdens'):
        return 'mass', 'mass'
    if row.values.get('calcfind') or row.values.get('calcdistri'):
        return 'calcification', 'calcification'
    return None


def _read_density(row: TableRow, report: ConversionReport) -> str | None:
    text = (row.optional_text('tissueden') or '').removesuffix('.0')
    if text == _MALE_DENSITY:
        report.note(row.where, 'tissueden is 5, a male breast: no density', 'male_breasts')
        return None
    try:
        return read_density(text) if text else None
    except ValueError as error:
        report.note(row.where, f'{error}: left empty', 'unknown_densities')
        return None


def common_kind(findings: Iterable[ClinicalFinding]) -> tuple[str, str] | None:
    """Type and name of findings that agree in it, or None."""
    kinds = {finding.kind for finding in findings}
    return kinds.pop() if len(kinds) == 1 else None
