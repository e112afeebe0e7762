"""The tables of a study as Markdown, for the page of its project."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from .results import CheckedClaim, RowNumber
from .rows import Column, StudyRow, StudyTable
from .study import Study

Numbers = Mapping[str, Mapping[str, Mapping[str, RowNumber]]]


def study_page(study: Study, numbers: Numbers, claims: Sequence[CheckedClaim]) -> str:
    """All tables of rows, then that of claims."""
    parts = [(f'### {table.title}\n\n' if table.title else '') + rows_table(study, table, numbers)
             for table in study.tables if rows_of(study, table)]  # fmt: skip
    return '\n'.join([*parts, *([claims_table(study, claims)] if claims else [])])


def rows_table(study: Study, table: StudyTable, numbers: Numbers) -> str:
    """One line a row: ours with intervals, and the paper's numbers."""
    columns = table.columns or default_columns(study, table)
    header = ['row', 'in the paper', *(column.title for column in columns)]
    lines = [
        [row.title, row.table, *(_cell(study, row, column, numbers[row.name]) for column in columns)]
        for row in rows_of(study, table)
    ]
    return _table(header, lines)


def claims_table(study: Study, claims: Sequence[CheckedClaim]) -> str:
    """One line a claim: difference, interval and p-value, the difference of each seed, and the paper's."""
    header = ['ahead', 'of', 'in', 'difference', '95 % interval', 'p', 'each seed', 'paper', 'here']
    return _table(header, [_claim_cells(study, checked) for checked in claims])


def rows_of(study: Study, table: StudyTable) -> list[StudyRow]:
    """The rows that a table shows: those that it names, or that have something to show in it."""
    if table.rows is not None:
        return [study.row(name) for name in table.rows]
    return [row for row in study.rows if any(_is_shown(reading.name, table) for reading in row.readings)]


def default_columns(study: Study, table: StudyTable) -> list[Column]:
    """Each number of each reading of the table's rows: ours, then the paper's where it has one."""
    columns = []
    for name, reading in study.readings.items():
        rows = [row for row in rows_of(study, table) if row.reading(name)]
        if not rows or not _is_shown(name, table):
            continue
        of_rows = [reading for row in rows for reading in row.readings if reading.name == name]
        for number in dict.fromkeys(number for one in of_rows for number in one.numbers):
            title = ', '.join(filter(None, [study.number_titles.get(number, number), reading.title or name]))
            columns.append(Column(title, number, (name,)))
            if any(row.paper_number(name, number) for row in rows):
                columns.append(Column('paper', number, (name,), of_paper=True))
    return columns


def _is_shown(reading: str, table: StudyTable) -> bool:
    return table.readings is None or reading in table.readings


def _claim_cells(study: Study, checked: CheckedClaim) -> list[str]:
    claim, difference = checked.claim, checked.difference
    number = study.shared_numbers.get(claim.number)
    if number is None:
        title = study.readings[claim.reading].title or claim.reading
        number = f'{study.number_titles.get(claim.number, claim.number)} ({title})'
    p, digits = difference.p_value, study.digits
    return [
        study.row(claim.better).title,
        study.row(claim.worse).title,
        number,
        _text(difference.difference, f'+.{digits}f'),
        _interval(difference.low, difference.high, f'+.{digits}f'),
        '' if np.isnan(p) else '< 0.01' if p < 0.01 else f'{p:.2f}',
        ', '.join(_text(value, f'+.{digits}f') for value in checked.by_seed),
        '' if checked.paper is None else f'{checked.paper:+.{digits}f}',
        checked.verdict,
    ]


def _cell(study: Study, row: StudyRow, column: Column, numbers: Mapping[str, Mapping[str, RowNumber]]) -> str:
    if column.of_paper:
        return _of_paper(study, row, column)
    found = next((name for name in column.readings if column.number in numbers.get(name, {})), None)
    if found is None:
        return ''
    mean, form = numbers[found][column.number].mean, f'.{study.digits}f'
    return f'{_text(mean.value, form)} {_interval(mean.low, mean.high, form)}'.strip()


def _of_paper(study: Study, row: StudyRow, column: Column) -> str:
    """The paper's number of each reading; once, where it is the same under each."""
    found = {name: row.paper_number(name, column.number) for name in column.readings}
    texts = {name: number.text(study.digits) for name, number in found.items() if number is not None}
    if column.number in study.shared_numbers or len(column.readings) == 1:
        return next(iter(texts.values()), '')
    titles = {name: reading.title for name, reading in study.readings.items()}
    return ', '.join(text + (f' ({titles[name]})' if titles[name] else '') for name, text in texts.items())


def _text(value: float, form: str) -> str:
    return 'n/a' if np.isnan(value) else f'{value:{form}}'


def _interval(low: float, high: float, form: str) -> str:
    return '' if np.isnan(low) else f'[{low:{form}}, {high:{form}}]'


def _table(header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    rows = [header, ['---'] * len(header), *lines]
    return ''.join(f'| {" | ".join(row)} |\n' for row in rows)
