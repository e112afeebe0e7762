"""The tables of a study as Markdown, for the page of its project."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from .results import CheckedClaim, RowNumber
from .rows import Column, Study, StudyRow

Numbers = Mapping[str, Mapping[str, Mapping[str, RowNumber]]]


def rows_table(study: Study, numbers: Numbers) -> str:
    """One line a row: ours with intervals, and the paper's numbers."""
    header = ['row', 'in the paper', *(column.title for column in study.columns)]
    lines = [
        [row.title, row.table, *(_cell(study, row, column, numbers[row.name]) for column in study.columns)]
        for row in study.rows
    ]
    return _table(header, lines)


def claims_table(study: Study, claims: Sequence[CheckedClaim]) -> str:
    """One line a claim: difference, interval and p-value, the difference of each seed, and the paper's."""
    header = ['ahead', 'of', 'in', 'difference', '95 % interval', 'p', 'each seed', 'paper', 'here']
    return _table(header, [_claim_cells(study, checked) for checked in claims])


def _claim_cells(study: Study, checked: CheckedClaim) -> list[str]:
    claim, difference = checked.claim, checked.difference
    title = study.protocol_titles.get(claim.protocol, claim.protocol)
    number = study.number_titles.get(claim.number) or f'{claim.number} ({title})'
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


def _cell(study: Study, row: StudyRow, column: Column, numbers: Mapping[str, Mapping[str, RowNumber]]) -> str:
    if column.of_paper:
        return _of_paper(study, row, column)
    protocol = next((protocol for protocol in column.protocols if protocol in row.protocols), None)
    if protocol is None:
        return ''
    mean = numbers[protocol][column.number].mean
    return f'{mean.value:.2f} [{mean.low:.2f}, {mean.high:.2f}]'


def _of_paper(study: Study, row: StudyRow, column: Column) -> str:
    """The paper's number under each protocol; once, where it belongs to none."""
    found = {p: row.paper[p][column.number] for p in column.protocols if column.number in row.paper.get(p, {})}
    if column.number in study.number_titles:
        return next((f'{value:.2f}' for value in found.values()), '')
    titles = study.protocol_titles
    return ', '.join(f'{value:.2f}' + (f' ({titles[p]})' if p in titles else '') for p, value in found.items())


def _table(header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    rows = [header, ['---'] * len(header), *lines]
    return ''.join(f'| {" | ".join(row)} |\n' for row in rows)
