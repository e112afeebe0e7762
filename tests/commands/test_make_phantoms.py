"""``mammo phantoms``."""

import pytest

from mammo_plugins.commands.make_phantoms import main


def test_command_writes_a_release(tmp_path, capsys):
    out = tmp_path / 'out'
    arguments = [
        str(out),
        '--cases',
        '1',
        '--seed',
        '2',
        '--size',
        '64x48x6',
        '--workers',
        '1',
        '--split',
        '1',
        '0',
        '0',
    ]
    assert main(arguments) == 0
    assert capsys.readouterr().out.strip() == f'1 patients in {out}'
    assert (out / 'BCS-DBT-boxes-train.csv').is_file()


def test_command_names_what_is_wrong_and_fails(tmp_path, capsys):
    (tmp_path / 'file.txt').write_text('mine')
    assert main([str(tmp_path), '--cases', '1', '--seed', '2']) == 2
    assert 'not empty' in capsys.readouterr().err


@pytest.mark.parametrize('text', ['{', '[1]'])
def test_settings_that_are_no_json_object_are_refused(tmp_path, capsys, text):
    with pytest.raises(SystemExit):
        main([str(tmp_path / 'out'), '--cases', '1', '--seed', '2', '--settings', text])
    assert 'JSON' in capsys.readouterr().err
