"""The unit for systemd: what systemd itself says of it, and the commands in it."""

from __future__ import annotations

import configparser
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mammo_plugins.apis.serve.example import EXAMPLE
from mammo_plugins.apis.serve.settings import ServeSettings
from mammo_plugins.apis.serve.settings_file import read_serve_settings
from mammo_plugins.commands.main import main

MOST_EXPOSED = 25  # of 100, systemd's measure


@pytest.fixture(scope='module')
def unit(repository) -> Path:
    return repository / 'deploy/mammo-serve.service'


@pytest.fixture(scope='module')
def fields(unit) -> configparser.SectionProxy:
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str
    parser.read(unit)
    return parser['Service']


@pytest.fixture(scope='module')
def example(tmp_path_factory) -> ServeSettings:
    file = tmp_path_factory.mktemp('settings') / 'serve.toml'
    file.write_text(EXAMPLE)
    return read_serve_settings(file)


def analyze(*words: str) -> subprocess.CompletedProcess:
    program = shutil.which('systemd-analyze')
    if program is None:
        pytest.skip('needs systemd-analyze of the Debian package systemd')
    return subprocess.run([program, *words], capture_output=True, text=True, timeout=60)


def test_systemd_takes_it(unit, fields, tmp_path):
    """With the program of this environment in place of the one that is to be installed."""
    program, _, _ = fields['ExecStart'].partition(' ')
    copy = tmp_path / unit.name
    copy.write_text(unit.read_text().replace(program, shutil.which('mammo', path=Path(sys.executable).parent)))
    done = analyze('verify', str(copy))
    assert (done.returncode, done.stderr) == (0, '')


def test_it_may_do_little(unit):
    done = analyze('security', '--offline=yes', f'--threshold={MOST_EXPOSED}', str(unit))
    assert done.returncode == 0, done.stdout[-200:] + done.stderr


def test_command_is_one_of_this_package(fields, capsys, tmp_path):
    program, *words = fields['ExecStart'].split()
    assert Path(program).name == 'mammo'
    settings = tmp_path / 'serve.toml'
    settings.write_text(EXAMPLE)
    assert words[-1] == '/etc/mammo/serve.toml'
    assert main([*words[:-1], str(settings), '--check']) == 0
    assert 'settings are complete' in capsys.readouterr().out


def test_it_writes_only_where_it_may(fields, example):
    state = Path('/var/lib') / fields['StateDirectory']
    assert Path(example.spool).is_relative_to(state)
    places = dict(word.split('=') for word in fields['Environment'].split())
    assert Path(places['MAMMO_MODELS']).is_relative_to(state)
    assert fields['ProtectSystem'] == 'strict' and fields['PrivateTmp'] == 'yes'


def test_a_study_may_end_before_it_is_killed_and_wrong_settings_are_not_tried_again(fields, example):
    assert float(fields['TimeoutStopSec']) > example.model.stop_grace_seconds + 30
    assert fields['KillMode'] == 'mixed', 'the worker is ended by the service'
    assert fields['RestartPreventExitStatus'] == '2'
