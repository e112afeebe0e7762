"""Wide tables: the wanted columns alone, row by row."""

from __future__ import annotations

import pytest

from mammo_plugins.datasets.converters import ConversionError
from mammo_plugins.datasets.converters.conversion_report import ConversionReport
from mammo_plugins.datasets.converters.wide_table import iter_wide_table


def read(path, text, required=('a', 'b'), optional=('c',)):
    path.write_text(text)
    report = ConversionReport()
    return list(iter_wide_table(path, required, report, optional)), report


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'wide.csv'


def test_rows_hold_the_wanted_columns_alone(path):
    rows, report = read(path, '\ufeffx,B , a,y\n1, 2 ,3,4\n\n , ,,\n5,6,7,8\n')
    assert [row.values for row in rows] == [{'a': '3', 'b': '2'}, {'a': '7', 'b': '6'}]
    assert [row.where for row in rows] == ['wide.csv line 2', 'wide.csv line 5']
    assert report.dropped == [] and report.notes == [{'row': 'wide.csv', 'reason': '2 of 4 columns are not used'}]


def test_table_without_other_columns_needs_no_note(path):
    assert read(path, 'a,b,c\n1,2,3\n')[1].notes == []


def test_row_with_another_number_of_fields_is_dropped(path):
    rows, report = read(path, 'a,b\n1,2\n1\n1,2,3\n')
    assert len(rows) == 1 and [entry['row'] for entry in report.dropped] == ['wide.csv line 3', 'wide.csv line 4']


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('', r'wide\.csv: misses the columns a, b; it has no header at all'),
        ('a,z\n', r'wide\.csv: misses the columns b; it has a, z'),
        (','.join(f'c{number}' for number in range(30)), r'c19, \.\.\.$'),
    ],
)
def test_missing_columns_are_an_error(path, text, message):
    with pytest.raises(ConversionError, match=message):
        read(path, text)


def test_file_that_is_no_text_is_an_error(path):
    path.write_bytes(b'a,b\n\xff\xfe\x00')
    with pytest.raises(ConversionError, match=r'wide\.csv: not a CSV table in UTF-8'):
        list(iter_wide_table(path, ('a', 'b'), ConversionReport()))


def test_missing_file_is_an_error(path):
    with pytest.raises(ConversionError, match=r'wide\.csv: cannot be opened'):
        list(iter_wide_table(path, ('a',), ConversionReport()))
