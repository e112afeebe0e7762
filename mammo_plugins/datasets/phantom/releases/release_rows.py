"""Rows of phantoms on their way into the tables of a release."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ..bcs_dbt_release import FindingRow, ImageRow


def pair_with_findings(
    images: Iterable[ImageRow], findings: Iterable[FindingRow], modalities: Sequence[str] = ('FFDM',)
) -> list[tuple[ImageRow, list[FindingRow]]]:
    """The images of some modalities, each with its findings."""
    found: dict[tuple[str, ...], list[FindingRow]] = defaultdict(list)
    for finding in findings:
        found[finding.patient_id, finding.study_id, finding.view, finding.modality].append(finding)
    return [
        (image, found[image.patient_id, image.study_id, image.view, image.modality])
        for image in images
        if image.modality in modalities
    ]


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """Writes a CSV table; columns that a row does not name are empty."""
    with path.open('w', newline='', encoding='utf-8') as stream:
        writer = csv.DictWriter(stream, columns, lineterminator='\n')
        writer.writeheader()
        writer.writerows(rows)
