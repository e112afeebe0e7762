"""Studies that are declared in a file: a config of plain dictionaries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar, cast

from mmengine.config import Config

from .readings import Average, ImageChoice, Reading
from .rows import Claim, Column, RowTest, StudyRow, StudyTable
from .study import Study, StudyPreset

T = TypeVar('T')
_FIELDS = (
    'readings', 'stages', 'rows', 'claims', 'tables', 'presets', 'number_titles', 'shared_numbers', 'digits', 'always',
)  # fmt: skip


def read_study(path: str | Path) -> Study:
    """Reads a study.

    Args:
        path: a config with ``rows`` and ``presets``, and perhaps ``readings`` (those of rows that do not name theirs),
            ``stages``, ``claims``, ``tables`` and the other attributes of :class:`~.study.Study`. Each entry is a
            dictionary of the attributes of its class; a row may name readings that stand in ``readings``, and a claim
            may be ``(better, worse, reading, number)``.

    Raises:
        ValueError: something in it is not as it must be.
    """
    content = Config.fromfile(path).to_dict()
    content = {name: value for name, value in content.items() if not name.startswith('_')}
    try:
        return _study(content)
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f'{path}: {error}') from error


def _study(content: Mapping[str, Any]) -> Study:
    if unknown := [name for name in content if name not in _FIELDS]:
        raise ValueError(
            f'unknown field {unknown[0]!r}: expected some of {", ".join(_FIELDS)} (begin other names with _)'
        )
    if lacking := [name for name in ('rows', 'presets') if not content.get(name)]:
        raise ValueError(f'a study declares rows and presets: {lacking[0]} is missing')
    readings = {reading.name: reading for reading in map(_reading, content.get('readings', []))}
    taken = ('stages', 'number_titles', 'shared_numbers', 'digits', 'always')
    others: dict[str, Any] = {name: content[name] for name in taken if name in content}
    if content.get('tables'):
        others['tables'] = [_table(table) for table in content['tables']]
    return Study(
        rows=[_row(row, readings) for row in content['rows']],
        presets={name: _make(StudyPreset, preset, f'preset {name!r}') for name, preset in content['presets'].items()},
        claims=[_claim(claim) for claim in content.get('claims', [])],
        **others,
    )


def _row(given: Mapping[str, Any], readings: Mapping[str, Reading | Average]) -> StudyRow:
    where = f'row {given.get("name")!r}'
    values = dict(given)
    wanted = values.get('readings', list(readings))
    if unknown := [name for name in wanted if isinstance(name, str) and name not in readings]:
        raise ValueError(f'{where} has the unknown reading {unknown[0]!r}: expected some of {", ".join(readings)}')
    values['readings'] = [readings[one] if isinstance(one, str) else _reading(one) for one in wanted]
    if 'tests' in values:
        values['tests'] = [_make(RowTest, test, f'{where}: test') for test in values['tests']]
    values.setdefault('table', '')
    return _make(StudyRow, values, where)


def _reading(given: Mapping[str, Any]) -> Reading | Average:
    where = f'reading {given.get("name")!r}'
    if 'of' in given:
        return _make(Average, {**given, 'of': [tuple(part) for part in given['of']]}, where)
    images = _make(ImageChoice, given.get('images', {}), f'{where}: images')
    return _make(Reading, {**given, 'images': images}, where)


def _claim(given: Mapping[str, Any] | Sequence[Any]) -> Claim:
    if not isinstance(given, Mapping):
        given = dict(zip(('better', 'worse', 'reading', 'number', 'paper'), given))
    return _make(Claim, given, f'the claim {given}')


def _table(given: Mapping[str, Any]) -> StudyTable:
    where = f'table {given.get("title", "")!r}'
    columns = [_make(Column, column, f'{where}: column') for column in given.get('columns', [])]
    return _make(StudyTable, {**given, 'columns': columns}, where)


def _make(kind: Callable[..., T], given: Mapping[str, Any], where: str) -> T:
    known = [f.name for f in fields(cast(Any, kind))]
    if unknown := [name for name in given if name not in known]:
        raise ValueError(f'{where} has the unknown field {unknown[0]!r}: expected some of {", ".join(known)}')
    try:
        return kind(**given)
    except TypeError as error:
        raise ValueError(f'{where}: {error}') from error
