"""Every command explains itself."""

from __future__ import annotations

import pytest

from mammo_plugins.commands.main import COMMANDS, main
from mammo_plugins.datasets.converters import CONVERTERS


@pytest.mark.parametrize('command', COMMANDS)
def test_help_of_every_command(command, capsys):
    with pytest.raises(SystemExit) as stop:
        main([command, '--help'])
    assert stop.value.code == 0
    assert capsys.readouterr().out.startswith(f'usage: mammo {command} ')


@pytest.mark.parametrize('dataset', CONVERTERS)
def test_help_of_every_dataset(dataset, capsys):
    with pytest.raises(SystemExit) as stop:
        main(['convert', dataset, '--help'])
    assert stop.value.code == 0
    assert capsys.readouterr().out.startswith(f'usage: mammo convert {dataset} ')


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit):
        main(['--help'])
    text = capsys.readouterr().out
    assert all(f'  {command} ' in text for command in COMMANDS)
