"""Walking a file system as it is. Links, loops and odd names are tested with ``find_images``."""

from __future__ import annotations

import os

import pytest

from mammo_plugins.io.source_walk import printable_path, walk_source


def test_files_come_in_order_of_their_paths_without_hidden_ones(tmp_path):
    for name in ('b/2', 'b/1', 'a', '.hidden', '.git/x'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [path.relative_to(tmp_path).as_posix() for path in walk_source(tmp_path).files] == ['a', 'b/1', 'b/2']


def test_folder_that_cannot_be_listed_is_named(tmp_path, monkeypatch):
    (tmp_path / 'locked').mkdir()
    (tmp_path / 'a').touch()
    listed = os.listdir

    def refuse(path):
        if path.name == 'locked':
            raise PermissionError(13, 'Permission denied')
        return listed(path)

    monkeypatch.setattr(os, 'listdir', refuse)
    found = walk_source(tmp_path)
    assert found.problems == {str(tmp_path / 'locked'): 'cannot be opened: Permission denied'}
    assert [path.name for path in found.files] == ['a']


def test_source_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match='does not exist'):
        walk_source(tmp_path / 'none')


@pytest.mark.parametrize(
    ('path', 'shown'), [('a/ü [1].dcm', 'a/ü [1].dcm'), ('a\nb', 'a\\nb'), (os.fsdecode(b'caf\xe9'), 'caf\\xe9')]
)
def test_printable_path_is_one_line_of_text(path, shown):
    assert printable_path(path) == shown
