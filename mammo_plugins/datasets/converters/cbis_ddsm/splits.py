"""Splits of CBIS-DDSM in which no patient stands twice.

The release splits masses and calcifications apart, so that 31 patients are in a training table of one kind and a test
table of the other: a model would be tested on women, some of them even on films, that it was trained on.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..conversion_report import ConversionError, ConversionReport
from ..patient_splits import split_patients
from .rows import Abnormality

OVERLAPS = ('test', 'drop')


def assign_splits(
    abnormalities: Sequence[Abnormality],
    overlapping: str,
    validation_share: float,
    seed: int,
    report: ConversionReport,
) -> list[tuple[Abnormality, str]]:
    """Rows that are kept, each with its split.

    Args:
        abnormalities: rows of the tables in use.
        overlapping: where patients go who are in tables of both splits: ``test`` (everything of hers) or ``drop``.
        validation_share: share of the training patients that becomes the validation split.
        seed: of their choice.
        report: notes every row that is moved, drops those of ``drop``.

    Raises:
        ConversionError: an unknown rule, or a share outside 0 to below 1.
    """
    if overlapping not in OVERLAPS:
        raise ConversionError(f'unknown rule {overlapping!r} for overlapping patients: expected {", ".join(OVERLAPS)}')
    if not 0 <= validation_share < 1:
        raise ConversionError(f'validation share {validation_share} is outside 0 (none) to below 1')
    patients = {
        split: {row.patient_id for row in abnormalities if row.published_split == split} for split in ('train', 'test')
    }
    both = patients['train'] & patients['test']
    split_of = split_patients(patients['train'] - both, (1 - validation_share, validation_share, 0), seed)
    split_of.update(dict.fromkeys(patients['test'], 'test'))
    report.counts['patients_in_train_and_test_tables'] += len(both)
    kept = []
    for row in abnormalities:
        if row.patient_id in both and overlapping == 'drop':
            report.drop(row.where, f'{row.patient_id} is in training and in test tables', 'overlapping_rows')
            continue
        if row.patient_id in both and row.published_split == 'train':
            report.note(row.where, f'{row.patient_id} is in a test table too: moved to test', 'rows_moved_to_test')
        kept.append((row, split_of[row.patient_id]))
    return kept
