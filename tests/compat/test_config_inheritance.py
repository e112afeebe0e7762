"""Configs of this project as ``_base_`` of a config anywhere."""

from __future__ import annotations

import subprocess
import sys

import pytest
from mmengine.config import Config

from mammo_plugins.compat.config_inheritance import install_config_inheritance
from mammo_plugins.compat.config_paths import find_config


@pytest.mark.parametrize('name', ['mm3d_dbt.py', 'mm3d_dbt', 'configs/mm3d_dbt.py', 'projects/mm3d/configs/mm3d_z8.py'])
def test_a_config_elsewhere_inherits(name, tmp_path):
    mine = tmp_path / 'mine.py'
    mine.write_text(f"_base_ = ['mammo_plugins::{name}']\ntrain_cfg = dict(max_iters=7)\n")
    cfg = Config.fromfile(mine)
    assert (cfg.model.type, cfg.train_cfg.max_iters) == ('MultiViewSparseRCNN', 7)
    assert '_scope_' not in cfg.model  # its components are mmdet's


def test_a_name_in_the_working_directory_does_not_take_its_place(tmp_path, monkeypatch):
    (tmp_path / 'mm3d_dbt.py').write_text('model = 3\n')
    monkeypatch.chdir(tmp_path)
    assert find_config('mammo_plugins::mm3d_dbt.py') != find_config('mm3d_dbt.py')


def test_a_misspelt_base_lists_close_names(tmp_path):
    (tmp_path / 'mine.py').write_text("_base_ = 'mammo_plugins::mm3d_dtb.py'\n")
    with pytest.raises(FileNotFoundError, match=r'did you mean .*configs/mm3d_dbt\.py'):
        Config.fromfile(tmp_path / 'mine.py')


def test_installing_twice_changes_nothing():
    before = Config._get_cfg_path
    install_config_inheritance()
    assert Config._get_cfg_path is before


def test_importing_the_package_is_enough_and_light(tmp_path):
    (tmp_path / 'mine.py').write_text("_base_ = 'mammo_plugins::demo/mnm_ffdm.py'\n")
    code = (
        'import sys, mammo_plugins\n'
        "assert not {'torch', 'mmengine'} & set(sys.modules)\n"
        'from mmengine.config import Config\n'
        "print(Config.fromfile('mine.py', import_custom_modules=False).model.roi_head.num_stages)\n"
    )
    done = subprocess.run([sys.executable, '-c', code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == '3', done.stderr
