"""A small finished phantom release, for the writers of other releases to start from."""

from __future__ import annotations

import csv
from dataclasses import dataclass, fields
from pathlib import Path
from typing import get_type_hints

from mammo_plugins.apis.phantoms import make_phantoms
from mammo_plugins.datasets.phantom.bcs_dbt_release import FindingRow, ImageRow


@dataclass(frozen=True)
class PhantomSource:
    """The folder and its rows."""

    folder: Path
    images: list[ImageRow]
    findings: list[FindingRow]

    @property
    def ffdm(self) -> list[ImageRow]:
        return [row for row in self.images if row.modality == 'FFDM']

    def findings_of(self, image: ImageRow) -> list[FindingRow]:
        key = (image.patient_id, image.study_id, image.view, image.modality)
        return [row for row in self.findings if (row.patient_id, row.study_id, row.view, row.modality) == key]


def make_source(folder: Path, cases: int = 6, seed: int = 5) -> PhantomSource:
    """Generates phantoms and reads their tables back."""
    make_phantoms(folder, cases=cases, seed=seed, size='96x64x12', split=(0.5, 0.2, 0.3))
    return PhantomSource(
        folder, _read(folder / 'phantom-images.csv', ImageRow), _read(folder / 'phantom-findings.csv', FindingRow)
    )


def _read(path: Path, kind: type) -> list:
    """Rows of a table, in which the last columns are there only where something has them."""
    types = get_type_hints(kind)
    with path.open(newline='') as file:
        rows = list(csv.reader(file))[1:]
    return [kind(*(types[field.name](text) for field, text in zip(fields(kind), row))) for row in rows]
