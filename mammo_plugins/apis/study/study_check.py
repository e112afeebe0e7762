"""What must hold in a study before anything is trained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from .number_readers import NUMBER_READERS
from .placeholders import DATA, SEED
from .readings import Average

if TYPE_CHECKING:
    from .rows import StudyRow
    from .study import Study


def check_study(study: Study) -> None:
    """Refuses a study that names what it does not have.

    Raises:
        ValueError: the message quotes the name and says what there is.
    """
    _refuse_twins('row', (row.name for row in study.rows))
    for row in study.rows:
        _check_tests(row)
        _check_readings(row)
    for stage in [*study.stages, *(stage for row in study.rows for stage in row.stages)]:
        if stage.get('name') in (DATA, SEED):
            raise ValueError(f'a stage is called {stage["name"]!r}, which stands for something else: rename it')
    study.plan()
    _check_claims(study)
    for table in study.tables:
        _refuse_unknown('the table names the row', table.rows or (), [row.name for row in study.rows])
        _refuse_unknown('the table names the reading', table.readings or (), [*study.readings])


def _check_tests(row: StudyRow) -> None:
    _refuse_twins(f'test of row {row.name!r}', (test.name for test in row.tests))
    if not row.stages and any(test.checkpoint is None for test in row.tests):
        raise ValueError(f'row {row.name!r} trains nothing: say with checkpoint which weights its test takes')


def _check_readings(row: StudyRow) -> None:
    where = f'row {row.name!r}'
    _refuse_twins(f'reading of {where}', (reading.name for reading in row.readings))
    earlier: dict[str, list[str]] = {}
    for reading in row.readings:
        if isinstance(reading, Average):
            for source, number in reading.of:
                _refuse_unknown(f'{where}: {reading.name!r} averages the earlier reading', [source], [*earlier])
                _refuse_unknown(f'{where}: {reading.name!r} averages the number', [number], earlier[source])
        else:
            tests = [test.name for test in row.tests]
            _refuse_unknown(f'{where}: {reading.name!r} reads the test', [reading.test], tests)
            _refuse_unknown(f'{where}: {reading.name!r} has the reader', [reading.reader], [*NUMBER_READERS])
        earlier[reading.name] = list(reading.numbers)
    for name, numbers in row.paper.items():
        _refuse_unknown(f'{where}: the paper has numbers of the reading', [name], [*earlier])
        _refuse_unknown(f'{where}: the paper has of {name!r} the number', numbers, earlier[name])
        for number in numbers:
            row.paper_number(name, number)


def _check_claims(study: Study) -> None:
    rows = {row.name: row for row in study.rows}
    for claim in study.claims:
        for name in (claim.better, claim.worse):
            _refuse_unknown('a claim names the row', [name], [*rows])
            reading = rows[name].reading(claim.reading)
            if reading is None or claim.number not in reading.numbers:
                raise ValueError(
                    f'the claim that {claim.better!r} is ahead of {claim.worse!r} is about {claim.number!r} of '
                    f'{claim.reading!r}, which row {name!r} does not read: add it to its readings'
                )


def _refuse_twins(what: str, names: Iterable[str]) -> None:
    if twins := [name for name, times in Counter(names).items() if times > 1]:
        raise ValueError(f'there are two of {what} {twins[0]!r}: names are unique')


def _refuse_unknown(what: str, names: Iterable[str], known: Iterable[str]) -> None:
    known = list(known)
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f'{what} {unknown[0]!r}, which is not there: expected some of {", ".join(known) or "none"}')
