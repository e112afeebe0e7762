"""Files of a table are found by their whole name, inside of their folder only."""

from __future__ import annotations

import pytest

from mammo_plugins.datasets.converters.conversion_report import ConversionError, ConversionReport
from mammo_plugins.datasets.converters.release_files import ReleaseFiles
from mammo_plugins.datasets.converters.release_table import RowError


@pytest.fixture
def root(tmp_path):
    path = tmp_path / 'data/images/p1/a.dcm'
    path.parent.mkdir(parents=True)
    path.write_bytes(b'')
    (tmp_path / 'outside.dcm').write_bytes(b'')
    return tmp_path / 'data'


@pytest.fixture
def report():
    return ConversionReport()


@pytest.mark.parametrize('name', ['images/p1/a.dcm', './images/p1/a.dcm', '/mnt/images/p1/a.dcm', 'images\\p1\\a.dcm'])
def test_leading_folders_may_differ(root, report, name):
    assert ReleaseFiles(root, report).find(name) == root / 'images/p1/a.dcm'


def test_further_folders_are_tried(root, report):
    files = ReleaseFiles(root, report)
    with pytest.raises(RowError, match='^no file archive/p1/a.dcm$'):
        files.find('archive/p1/a.dcm')
    assert files.find('archive/p1/a.dcm', [root, root / 'images']) == root / 'images/p1/a.dcm'


@pytest.mark.parametrize(
    'name', ['', '/', 'images/p1', 'images/p1/b.dcm', '../outside.dcm', 'images/../../outside.dcm', 'x' * 5000, 'a\0b']
)
def test_anything_else_finds_nothing(root, report, name):
    with pytest.raises(RowError, match='no file'):
        ReleaseFiles(root, report).find(name)


def test_absolute_path_does_not_leave_the_folder(root, report):
    with pytest.raises(RowError, match='no file'):
        ReleaseFiles(root, report).find(str(root.parent / 'outside.dcm'))


def test_reason_of_a_file_that_cannot_be_entered_is_told(root, report):
    (root / 'images/p1/gone.dcm').symlink_to(root / 'nowhere')
    (root / 'images/p2').symlink_to(root / 'nowhere')
    files = ReleaseFiles(root, report)
    for name, reason in (
        ('images/p1/gone.dcm', 'a link whose target does not exist'),
        ('images/p2/a.dcm', 'images/p2: a link whose target does not exist'),
    ):
        with pytest.raises(RowError, match=f'^no file {name}: {reason}$'):
            files.find(name)
    assert [entry['row'] for entry in report.dropped] == ['images/p1/gone.dcm', 'images/p2']
    assert report.counts == {'dropped_paths': 2}
    assert 'images/p2: a link whose target' in str(files.refusal('holds no table'))


def test_file_is_found_by_a_link_to_a_folder_of_the_release_too(root, report):
    (root / 'a link').symlink_to(root / 'images')
    files = ReleaseFiles(root, report)
    assert files.find('a link/p1/a.dcm') == root / 'a link/p1/a.dcm'
    assert files.below(root / 'images') == [root / 'images/p1/a.dcm'] == files.files
    assert [entry['row'] for entry in report.dropped] == ['a link']


def test_folder_that_is_none_is_refused(root, report):
    with pytest.raises(ConversionError, match='is not a folder'):
        ReleaseFiles(root / 'nowhere', report)
