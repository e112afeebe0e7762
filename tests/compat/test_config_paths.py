from __future__ import annotations

import pytest

from mammo_plugins.compat.config_paths import find_config, find_project_file, resource_roots


@pytest.mark.parametrize('name', ['configs/mm3d_dbt.py', 'mm3d_dbt.py', 'mm3d_dbt', 'configs/mm3d_dbt'])
def test_config_of_the_project_is_found_from_any_folder(repository, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    assert find_config(name) == repository / 'configs' / 'mm3d_dbt.py'


def test_file_in_the_working_directory_comes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'mm3d_dbt.py').touch()
    assert find_config('mm3d_dbt.py') == tmp_path / 'mm3d_dbt.py'


def test_absolute_path_is_taken_as_it_is(tmp_path):
    config = tmp_path / 'mine.py'
    config.touch()
    assert find_config(config) == config


def test_unknown_config_lists_close_matches():
    with pytest.raises(FileNotFoundError, match=r"no config 'mm3d_dtb.py'; did you mean .*configs/mm3d_dbt.py"):
        find_config('mm3d_dtb.py')


def test_config_unlike_any_other_lists_all_entry_configs():
    with pytest.raises(FileNotFoundError, match='available: .*configs/mnm_ffdm.py') as error:
        find_config('zzzzzzzz')
    assert '_base_' not in str(error.value)


def test_unknown_weights_are_named():
    with pytest.raises(FileNotFoundError, match='no file .projects/none/weights/absent.pth.'):
        find_project_file('projects/none/weights/absent.pth')


def test_checkout_is_a_root(repository):
    assert repository in resource_roots()
