from __future__ import annotations

import pytest

from mammo_plugins.compat.diagnosis import Status, check_import_traps


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A working directory that is not on the import path."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_no_trap_is_ok(elsewhere):
    assert [check.status for check in check_import_traps()] == [Status.OK]


@pytest.mark.parametrize('name', ['dl', 'dl.py'])
def test_trap_on_the_import_path_is_a_problem_that_names_it(tmp_path, monkeypatch, elsewhere, name):
    folder = tmp_path / 'library'
    trap = folder / name
    folder.mkdir()
    trap.touch() if name.endswith('.py') else trap.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    (check,) = check_import_traps()
    assert check.status is Status.PROBLEM
    assert check.subject == str(trap)
    assert check.fix.startswith(f'mv {trap} ')


def test_folder_in_the_working_directory_is_a_note(elsewhere):
    (elsewhere / 'dl').mkdir()
    (check,) = check_import_traps()
    assert check.status is Status.NOTE
    assert 'notebooks' in check.detail


def test_file_without_python_suffix_is_no_trap(elsewhere):
    (elsewhere / 'dl').write_text('a list of downloads')
    assert [check.status for check in check_import_traps()] == [Status.OK]
