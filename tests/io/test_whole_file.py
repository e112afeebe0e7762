"""Files appear whole or not at all."""

from __future__ import annotations

import pytest

from mammo_plugins.io.whole_file import whole_file, write_whole


def test_file_and_its_folders_are_made(tmp_path):
    write_whole(tmp_path / 'a' / 'b.txt', 'ä')
    assert (tmp_path / 'a' / 'b.txt').read_bytes() == 'ä'.encode()
    assert [path.name for path in (tmp_path / 'a').iterdir()] == ['b.txt']


def write_half(path):
    with whole_file(path) as unfinished:
        unfinished.write_text('half')
        assert unfinished.suffix == path.suffix and path.read_text() == 'old'
        raise RuntimeError('stop')


def test_what_fails_in_the_middle_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / 'b.txt'
    path.write_text('old')
    with pytest.raises(RuntimeError, match='stop'):
        write_half(path)
    assert path.read_text() == 'old' and list(tmp_path.iterdir()) == [path]


def test_file_that_was_never_written_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError), whole_file(tmp_path / 'b.txt'):
        pass
