import hashlib
import os

import pytest

from mammo_plugins.io import source_digest
from mammo_plugins.io.source_digest import SourceDigests, digest_source


def test_digest_of_a_file_is_that_of_its_bytes(tmp_path):
    path = tmp_path / 'a.dcm'
    path.write_bytes(b'x' * 3_000_000)
    assert digest_source(path) == hashlib.sha256(b'x' * 3_000_000).hexdigest()


def test_digest_of_a_folder_depends_on_names_and_bytes(tmp_path):
    folder = tmp_path / 'series'
    folder.mkdir()
    digests = set()
    for name, content in (('1.dcm', b'one'), ('2.dcm', b'two'), ('2.dcm', b'other')):
        (folder / name).write_bytes(content)
        digests.add(digest_source(folder))
    (folder / '2.dcm').rename(folder / '3.dcm')
    digests.add(digest_source(folder))
    assert len(digests) == 4


def test_unchanged_file_is_read_once(tmp_path, monkeypatch):
    path = tmp_path / 'a.dcm'
    path.write_bytes(b'one')
    digests = SourceDigests(tmp_path / 'notes')
    assert digests.known(path) is None
    first = digests.compute(path)
    monkeypatch.setattr(source_digest, 'digest_source', lambda path: pytest.fail(f'{path} is read again'))
    assert digests.compute(path) == digests.known(path) == first
    assert SourceDigests(tmp_path / 'notes').known(path) == first


@pytest.mark.parametrize('change', ['size', 'time'])
def test_changed_file_is_read_again(tmp_path, change):
    path = tmp_path / 'a.dcm'
    path.write_bytes(b'one')
    digests = SourceDigests(tmp_path / 'notes')
    before = digests.compute(path)
    path.write_bytes(b'other' if change == 'size' else b'two')
    state = path.stat()
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns + 1_000_000))
    assert digests.known(path) is None
    assert digests.compute(path) == digest_source(path) != before


def test_notes_do_not_name_the_file(tmp_path):
    path = tmp_path / 'DOE_JANE' / 'a.dcm'
    path.parent.mkdir()
    path.write_bytes(b'one')
    SourceDigests(tmp_path / 'notes').compute(path)
    (note,) = (tmp_path / 'notes').rglob('*.json')
    assert 'DOE' not in note.read_text() + str(note)


@pytest.mark.parametrize('broken', ['', '{', '[]', '{"stamp": 1}'])
def test_broken_note_is_made_again(tmp_path, broken):
    path = tmp_path / 'a.dcm'
    path.write_bytes(b'one')
    digests = SourceDigests(tmp_path / 'notes')
    expected = digests.compute(path)
    (note,) = (tmp_path / 'notes').rglob('*.json')
    note.write_text(broken)
    assert digests.known(path) is None and digests.compute(path) == expected


def test_other_bytes_with_size_and_time_of_modification_kept_are_noticed(tmp_path):
    """As rsync -t, cp -p and tar replace a file; the time of the last change of state gives it away."""
    path = tmp_path / 'a.dcm'
    path.write_bytes(b'one')
    digests = SourceDigests(tmp_path / 'notes')
    before, state = digests.compute(path), path.stat()
    while path.stat().st_ctime_ns == state.st_ctime_ns:  # clocks of file systems tick coarsely
        path.write_bytes(b'two')
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert digests.known(path) == digest_source(path) != before


def test_moved_or_relabelled_file_is_read_once_more_and_stays_known(tmp_path, monkeypatch):
    path = tmp_path / 'a.dcm'
    path.write_bytes(b'one')
    digests = SourceDigests(tmp_path / 'notes')
    before, state = digests.compute(path), path.stat()
    while path.stat().st_ctime_ns == state.st_ctime_ns:
        path.chmod(0o600)
        path.chmod(0o644)
    assert digests.known(path) == before
    monkeypatch.setattr(source_digest, 'digest_source', lambda path: pytest.fail(f'{path} is read again'))
    assert digests.known(path) == before


def test_all_bytes_are_read_where_asked(tmp_path, monkeypatch):
    path = tmp_path / 'a.dcm'
    path.write_bytes(b'one')
    digests = SourceDigests(tmp_path / 'notes')
    digests.compute(path)
    monkeypatch.setattr(source_digest, '_stamp', lambda path: [[3, 0, 0]])
    digests.compute(path, anew=True)
    path.write_bytes(b'two')
    assert digests.compute(path) != digest_source(path) == digests.compute(path, anew=True)
