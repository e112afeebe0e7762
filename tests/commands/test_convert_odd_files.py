"""Every converter on a folder as file systems have them: dangling links, loops, locked folders, names of bytes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mammo_plugins.apis.phantoms import make_phantoms
from mammo_plugins.commands.convert_dataset import main
from mammo_plugins.datasets.converters import CONVERTERS
from mammo_plugins.io import AnnotationSet, read_annotations

ODD = {
    'gone.dcm': 'a link whose target does not exist',
    'round.dcm': 'cannot be opened: ',
    'again': 'a link to a folder that was looked at already',
    'locked': 'cannot be opened: Permission denied',
    '\\xe9.dcm': 'the name is not UTF-8',
}


def plant(folder: Path) -> None:
    (folder / 'gone.dcm').symlink_to(folder / 'nowhere')
    (folder / 'round.dcm').symlink_to(folder / 'round.dcm')
    (folder / 'again').symlink_to(folder)
    (folder / 'locked').mkdir()
    Path(os.fsdecode(os.fsencode(folder) + b'/\xe9.dcm')).write_bytes(b'x')


@pytest.fixture
def locked(monkeypatch):
    """Folders named ``locked`` cannot be listed, by whoever runs the tests."""
    listdir, scandir = os.listdir, os.scandir

    def refuse(function):
        def call(path='.'):
            if not isinstance(path, int) and os.path.basename(path) == 'locked':
                raise PermissionError(13, 'Permission denied', str(path))
            return function(path)

        return call

    monkeypatch.setattr(os, 'listdir', refuse(listdir))
    monkeypatch.setattr(os, 'scandir', refuse(scandir))


def convert(name: str, source: Path, *options: str) -> tuple[int, AnnotationSet]:
    out = source.parent / 'out.json'
    code = main([name, str(source), str(out), '--no-progress', '--workers', '0', *options])
    return code, read_annotations(out)


@pytest.mark.parametrize('name', CONVERTERS)
def test_what_cannot_be_entered_is_named_and_ends_nothing(name, tmp_path, locked, capsys):
    source = tmp_path / 'release'
    release = {} if name == 'phantom' else {'release': name}
    make_phantoms(source, cases=2, seed=3, size='64x48x6', split=(0.5, 0, 0.5), workers=1, **release)
    code, clean = convert(name, source)
    assert code == 0 and len(clean.images) >= 4

    plant(source)
    files = [source / image.file_name for image in clean.images]
    plant(files[-1].parent)
    files[0].unlink()
    files[0].symlink_to(tmp_path / 'moved away')
    capsys.readouterr()
    code, found = convert(name, source, '--strict')
    assert code == 1 and 'were left out (--strict)' in capsys.readouterr().err
    kept = {image.file_name for image in found.images}
    assert kept == {image.file_name for image in clean.images} - {clean.images[0].file_name}

    reasons = {entry['row']: entry['reason'] for entry in found.info['dropped']}
    inside = files[-1].parent.relative_to(source).as_posix()
    for odd, reason in ODD.items():
        for place in (odd, f'{inside}/{odd}') if inside != '.' else (odd,):
            assert reasons[place].startswith(reason)
    assert reasons[clean.images[0].file_name] == 'a link whose target does not exist'


def test_table_that_is_a_dangling_link_is_named(tmp_path, capsys):
    (tmp_path / 'train.csv').symlink_to(tmp_path / 'store/train.csv')
    assert main(['rsna-2022', str(tmp_path), str(tmp_path / 'out.json')]) == 2
    told = capsys.readouterr().err
    assert 'holds no train.csv' in told and 'train.csv: a link whose target does not exist' in told
