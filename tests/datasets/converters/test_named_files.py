"""Files of a table are found by their whole name, inside of their folder only."""

from __future__ import annotations

import pytest

from mammo_plugins.datasets.converters.named_files import find_named_file


@pytest.fixture
def root(tmp_path):
    path = tmp_path / 'data/images/p1/a.dcm'
    path.parent.mkdir(parents=True)
    path.write_bytes(b'')
    (tmp_path / 'outside.dcm').write_bytes(b'')
    return tmp_path / 'data'


@pytest.mark.parametrize('name', ['images/p1/a.dcm', './images/p1/a.dcm', '/mnt/images/p1/a.dcm', 'images\\p1\\a.dcm'])
def test_leading_folders_may_differ(root, name):
    assert find_named_file([root], name) == root / 'images/p1/a.dcm'


def test_further_folders_are_tried(root):
    assert find_named_file([root], 'archive/p1/a.dcm') is None
    assert find_named_file([root, root / 'images'], 'archive/p1/a.dcm') == root / 'images/p1/a.dcm'


@pytest.mark.parametrize(
    'name', ['', '/', 'images/p1', 'images/p1/b.dcm', '../outside.dcm', 'images/../../outside.dcm', 'x' * 5000, 'a\0b']
)
def test_anything_else_finds_nothing(root, name):
    assert find_named_file([root], name) is None


def test_absolute_path_does_not_leave_the_folder(root):
    assert find_named_file([root], str(root.parent / 'outside.dcm')) is None
