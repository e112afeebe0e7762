"""The tables of a study as Markdown, for the page of its project."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from .results import CheckedClaim, RowNumber
from .rows import AUC, FLAT, VOLUME, Study, StudyRow

_DIMENSION = {FLAT: '2-D', VOLUME: '3-D'}
_TITLES = {AUC: 'breast AUC'}

Numbers = Mapping[str, Mapping[str, Mapping[str, RowNumber]]]


def rows_table(study: Study, numbers: Numbers) -> str:
    """One line a row: ours with intervals, and the paper's numbers."""
    header = [
        'row',
        'in the paper',
        'R@0.25 (2-D)',
        'R@0.25 (3-D)',
        'R@0.5 (2-D)',
        'R@0.5 (3-D)',
        'breast AUC',
        'paper R@0.25',
        'paper R@0.5',
        'paper AUC',
    ]
    lines = [
        [
            row.title,
            row.table,
            _cell(numbers[row.name].get(FLAT), 'R@0.25'),
            _cell(numbers[row.name].get(VOLUME), 'R@0.25'),
            _cell(numbers[row.name].get(FLAT), 'R@0.5'),
            _cell(numbers[row.name].get(VOLUME), 'R@0.5'),
            _cell(numbers[row.name][row.protocols[-1]], AUC),
            _recall_of_paper(row, 'R@0.25'),
            _recall_of_paper(row, 'R@0.5'),
            _auc_of_paper(row),
        ]
        for row in study.rows
    ]
    return _table(header, lines)


def claims_table(study: Study, claims: Sequence[CheckedClaim]) -> str:
    """One line a claim: difference, interval and p-value, the difference of each seed, and the paper's."""
    header = ['ahead', 'of', 'in', 'difference', '95 % interval', 'p', 'each seed', 'paper', 'here']
    return _table(header, [_claim_cells(study, checked) for checked in claims])


def _claim_cells(study: Study, checked: CheckedClaim) -> list[str]:
    claim, difference = checked.claim, checked.difference
    number = _TITLES.get(claim.number) or f'{claim.number} ({_DIMENSION[claim.protocol]})'
    p = difference.p_value
    return [
        study.row(claim.better).title,
        study.row(claim.worse).title,
        number,
        f'{difference.difference:+.2f}',
        f'[{difference.low:+.2f}, {difference.high:+.2f}]',
        '' if np.isnan(p) else '< 0.01' if p < 0.01 else f'{p:.2f}',
        ', '.join(f'{value:+.2f}' for value in checked.by_seed),
        '' if checked.paper is None else f'{checked.paper:+.2f}',
        checked.verdict,
    ]


def _cell(numbers: Mapping[str, RowNumber] | None, name: str) -> str:
    if numbers is None:
        return ''
    mean = numbers[name].mean
    return f'{mean.value:.2f} [{mean.low:.2f}, {mean.high:.2f}]'


def _recall_of_paper(row: StudyRow, name: str) -> str:
    """The paper's recall: in 3-D, then in 2-D, as far as there is any."""
    found = {protocol: row.paper[protocol][name] for protocol in (VOLUME, FLAT) if name in row.paper.get(protocol, {})}
    return ', '.join(f'{value:.2f} ({_DIMENSION[protocol]})' for protocol, value in found.items())


def _auc_of_paper(row: StudyRow) -> str:
    return next((f'{numbers[AUC]:.2f}' for numbers in row.paper.values() if AUC in numbers), '')


def _table(header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    rows = [header, ['---'] * len(header), *lines]
    return ''.join(f'| {" | ".join(row)} |\n' for row in rows)
