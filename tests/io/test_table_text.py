"""Tables as spreadsheets and pandas write them, read alike by all commands."""

from __future__ import annotations

import pytest

from mammo_plugins.io.csv_table import read_csv_table

TEXT = 'id,x\n007,1.5\n10001,2\n'


@pytest.mark.parametrize(
    'content',
    [
        TEXT.encode(), TEXT.encode('utf-8-sig'), TEXT.encode('utf-16'), TEXT.encode('utf-16-le'),
        TEXT.replace(',', '\t').encode(), TEXT.replace(',', ';').replace('.', ',').encode(),
        b'sep=;\r\n' + TEXT.replace(',', ';').encode(), TEXT.replace('\n', ',,\n').encode(),
        b',id,x\n0,007,1.5\n1,10001,2\n', b'Unnamed: 0,id,x\n0,007,1.5\n1,10001,2\n',
    ],
)  # fmt: skip
def test_rows_are_the_same_however_a_program_saved_them(tmp_path, content):
    path = tmp_path / 'a.csv'
    path.write_bytes(content)
    dropped = []
    rows = read_csv_table(path, ['id', 'x'], [], lambda *what: dropped.append(what))
    assert [(row.text('id'), row.number('x')) for row in rows] == [('007', 1.5), ('10001', 2)]
    assert dropped == []


def test_letters_of_windows_are_read(tmp_path):
    path = tmp_path / 'a.csv'
    path.write_bytes('id,x\nJörg und Söhne,1\n'.encode('cp1252'))
    (row,) = read_csv_table(path, ['id', 'x'], [], lambda *what: None)
    assert row.text('id') == 'Jörg und Söhne'
