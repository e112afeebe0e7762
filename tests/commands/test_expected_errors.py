"""Errors of a user end in a sentence and exit code 2; faults of the program keep their traceback."""

from __future__ import annotations

import pytest

from mammo_plugins.commands.expected_errors import in_a_sentence
from mammo_plugins.commands.test import main as run_test
from mammo_plugins.commands.train import main as train_command
from mammo_plugins.compat.config_paths import find_config


def sentence(capsys, command, *arguments) -> str:
    assert command([str(argument) for argument in arguments]) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith('error: ')]
    return line


@pytest.mark.parametrize('command', [train_command, lambda argv: run_test([argv[0], 'k.pth', *argv[1:]])])
@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('model = dict(type=Unknown)\n', r"cannot be read: NameError: name 'Unknown' is not defined"),
        ('model = dict(\n', 'cannot be read: SyntaxError'),
        ('_base_ = "nothing.py"\n', 'nothing.py'),
        ('x = 1\n', 'has no model'),
        ("custom_imports = dict(imports=['no_such_module'])\nmodel = dict(type='A')\n", 'custom_imports'),
    ],
)
def test_a_config_with_a_mistake_is_named(command, text, message, tmp_path, capsys):
    (tmp_path / 'mine.py').write_text(text)
    line = sentence(capsys, command, tmp_path / 'mine.py')
    assert str(tmp_path / 'mine.py') in line and message in line


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['configs/mm3d_dtb.py'], 'did you mean configs/mm3d_dbt.py'),
        (['demo/mnm_ffdm', '--cfg-options', 'trian_cfg.max_iters=3'], 'did you mean train_cfg'),
        (['demo/mnm_ffdm', '--cfg-options', 'load_from=none.pth'], 'the weights to start from, none.pth, do not exist'),
        (['demo/mnm_ffdm', '--cfg-options', 'load_from=configs'], 'load_from=configs is a folder: name the checkpoint'),
        (['demo/mnm_ffdm', '--cfg-options', 'train_cfg.max_iters=abc'], 'train_cfg.max_iters must be a number'),
        (['demo/mnm_ffdm', '--cfg-options', 'optim_wrapper.optimizer.lr=fast'], 'optimizer.lr must be a number'),
        (['demo/mnm_ffdm', '--resume', 'none.pth'], '--resume none.pth: no such checkpoint'),
        (['demo/mnm_ffdm', '--cfg-options', 'train_dataloader.dataset.classes=[malignant,benign]'], 'num_classes is 1'),
        (
            ['demo/mnm_ffdm', '--save-best', 'mm3d/R@7'],
            "no number 'mm3d/R@7' of which more is better: it has mm3d/R@0.25",
        ),
        (['demo/mnm_ffdm', '--early-stop', '0'], 'must be at least 1'),
        (['demo/mnm_ffdm', '--cfg-options', 'model.neck.type=FPM'], 'FPM is not in the'),
    ],
)
def test_mistakes_on_the_command_line_are_named(arguments, message, tmp_path, capsys):
    assert message in sentence(capsys, train_command, *arguments, '--work-dir', tmp_path)


def test_a_neighbour_of_a_misspelt_config_is_suggested(tmp_path):
    (tmp_path / 'my_config.py').write_text('')
    with pytest.raises(FileNotFoundError, match=r'did you mean .*my_config\.py'):
        find_config(tmp_path / 'my_confg.py')


def test_a_fault_keeps_its_traceback():
    def faulty(argv):
        return int('seven')  # raised here, outside the package

    with pytest.raises(ValueError, match='seven'):
        in_a_sentence(faulty)([])


def test_tracebacks_of_sentences_can_be_seen(monkeypatch):
    monkeypatch.setenv('MAMMO_TRACEBACK', '1')
    with pytest.raises(FileNotFoundError):
        train_command(['configs/none.py'])


@pytest.mark.parametrize('inside', ['', 'sub/deeper'])
def test_file_where_a_folder_is_needed_is_named_with_the_way_out(tmp_path, capsys, inside):
    (tmp_path / 'taken').write_text('')

    def command(argv):
        (tmp_path / 'taken' / inside).mkdir(parents=True, exist_ok=True)

    assert in_a_sentence(command)([]) == 2
    told = capsys.readouterr().err
    assert (
        told == f'error: {tmp_path / "taken"} is a file, where a folder is needed: name another folder, or move '
        'the file away\n'
    )
