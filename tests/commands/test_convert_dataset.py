"""The convert command: exit codes and options."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mammo_plugins.commands.convert_dataset import _build_parser, main
from mammo_plugins.datasets.converters import CONVERTERS
from mammo_plugins.io import read_annotations
from tests.datasets.converters.bcs_dbt_release import BcsDbtRelease
from tests.io.dicom_builder import stored_breast


@pytest.fixture
def release(tmp_path):
    release = BcsDbtRelease(tmp_path / 'BCS-DBT')
    release.add(1, label='cancer')
    release.add_box(1)
    return release


def run(release, tmp_path, *options) -> int:
    return main(['bcs-dbt', str(release.write()), str(tmp_path / 'ann.json'), '--no-progress', *options])


def test_clean_conversion_exits_with_0_even_when_strict(tmp_path):
    release = BcsDbtRelease(tmp_path / 'BCS-DBT')
    release.add(1, label='cancer', pixels=np.stack([stored_breast(top=900)] * 3))
    release.add_box(1)
    assert run(release, tmp_path, '--strict') == 0
    assert len(read_annotations(tmp_path / 'ann.json').findings) == 1


def test_strict_exits_with_1_where_something_was_left_out_and_still_writes(release, tmp_path, capsys):
    release.add_box(9)
    assert run(release, tmp_path) == 0
    assert run(release, tmp_path, '--strict') == 1
    assert 'error: 1 rows were left out (--strict)' in capsys.readouterr().err
    assert len(read_annotations(tmp_path / 'ann.json').info['dropped']) == 1


def test_nothing_to_convert_exits_with_2_and_the_reason(tmp_path, capsys):
    assert main(['bcs-dbt', str(tmp_path), str(tmp_path / 'ann.json')]) == 2
    assert 'error: ' in capsys.readouterr().err and not (tmp_path / 'ann.json').exists()


def test_empty_split_exits_with_2_and_names_it(release, tmp_path, capsys):
    assert run(release, tmp_path, '--split', 'test') == 2
    assert "split 'test' has no table" in capsys.readouterr().err


def test_rotation_check_can_be_switched_off(tmp_path):
    release = BcsDbtRelease(tmp_path / 'BCS-DBT')
    release.add(rotated=True)
    assert run(release, tmp_path) == 0 and read_annotations(tmp_path / 'ann.json').images[0].rotated_180
    assert run(release, tmp_path, '--no-rotation-check') == 0
    assert not read_annotations(tmp_path / 'ann.json').images[0].rotated_180


def test_phantom_options_select_images(tmp_path, capsys):
    assert main(['phantom', str(tmp_path), 'ann.json', '--modality', 'DBT', '--split', 'train', '--no-masks']) == 2
    assert 'phantom-images.csv' in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(['phantom', str(tmp_path), 'ann.json', '--modality', 'MRI'])


def test_tool_runs_the_command(release, tmp_path):
    tool = Path(__file__).parents[2] / 'tools' / 'convert_dataset.py'
    command = [sys.executable, str(tool), 'bcs-dbt', str(release.write()), str(tmp_path / 'ann.json')]
    environment = {'PYTHONPATH': str(tool.parents[1])}
    result = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert result.returncode == 0, result.stderr
    assert 'malignant_findings' in result.stdout and 'Reading images' in result.stderr


@pytest.mark.parametrize('name', CONVERTERS)
def test_every_option_of_a_converter_is_on_the_command_line(name):
    given = vars(_build_parser(None).parse_args([name, 'SRC', 'OUT.json']))
    of_command = {'name', 'src', 'out', 'strict', 'no_progress', 'check_images'}
    parameters = inspect.signature(CONVERTERS[name]).parameters
    assert set(given) - of_command == set(parameters) - {'src', 'show_progress'}
    for option in set(given) - of_command:
        default = parameters[option].default
        assert given[option] == default or str(given[option]) == str(default), option
