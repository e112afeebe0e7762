"""A model in one file: every byte is checked, and nothing but the files of a bundle gets out of a zip."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from mammo_plugins.io.model_bundle import (
    CARD,
    CONFIG,
    LICENSE,
    METADATA,
    SUMS,
    THRESHOLDS,
    WEIGHTS,
    BundleError,
    bundle_digest,
    check_bundle_folder,
    read_bundle_file,
    unpack_bundle,
    write_bundle,
)

FILES = {name: name.encode() * 40 for name in (METADATA, CONFIG, WEIGHTS, THRESHOLDS, CARD, LICENSE)}


@pytest.fixture(name='bundle')
def bundle_fixture(tmp_path) -> Path:
    path = tmp_path / 'model.zip'
    write_bundle(path, FILES)
    return path


def rewrite(path: Path, changes: dict[str, bytes | None]) -> Path:
    """A copy of a zip with files changed, added or (None) left out."""
    changed = path.with_name('changed.zip')
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(changed, 'w') as target:
        for name in dict.fromkeys([*source.namelist(), *changes]):
            content = changes.get(name, source.read(name) if name in source.namelist() else None)
            if content is not None:
                target.writestr(name, content)
    return changed


def test_bundle_comes_back_byte_for_byte(bundle, tmp_path):
    digest = unpack_bundle(bundle, tmp_path / 'model')
    assert {path.name: path.read_bytes() for path in (tmp_path / 'model').iterdir() if path.name != SUMS} == FILES
    assert digest == bundle_digest(bundle) == check_bundle_folder(tmp_path / 'model')
    assert read_bundle_file(bundle, CARD) == FILES[CARD]


def test_digest_is_that_of_the_sums_which_sha256sum_can_check(bundle, tmp_path):
    digest = unpack_bundle(bundle, tmp_path / 'model')
    assert digest == hashlib.sha256((tmp_path / 'model' / SUMS).read_bytes()).hexdigest()
    subprocess.run(['sha256sum', '--check', '--strict', SUMS], cwd=tmp_path / 'model', check=True, capture_output=True)


def test_equal_content_gives_equal_bytes(bundle, tmp_path):
    write_bundle(tmp_path / 'again.zip', dict(reversed(FILES.items())))
    assert (tmp_path / 'again.zip').read_bytes() == bundle.read_bytes()


def test_digest_survives_packing_anew(bundle):
    assert bundle_digest(rewrite(bundle, {})) == bundle_digest(bundle)


@pytest.mark.parametrize('name', [*FILES, SUMS])
def test_one_changed_byte_is_noticed_in_the_zip(bundle, tmp_path, name):
    content = bytearray(read_bundle_file(bundle, name))
    content[10] ^= 1
    with pytest.raises(BundleError):
        unpack_bundle(rewrite(bundle, {name: bytes(content)}), tmp_path / 'model')
    assert not (tmp_path / 'model').exists() and not list(tmp_path.glob('.model*'))


@pytest.mark.parametrize('name', FILES)
def test_one_changed_byte_is_noticed_in_the_folder(bundle, tmp_path, name):
    unpack_bundle(bundle, tmp_path / 'model')
    content = bytearray((tmp_path / 'model' / name).read_bytes())
    content[-1] ^= 128
    (tmp_path / 'model' / name).write_bytes(content)
    with pytest.raises(BundleError, match=f'{name} is not as it was exported'):
        check_bundle_folder(tmp_path / 'model')


@pytest.mark.parametrize('name', ['../outside.txt', '/tmp/outside.txt', 'model.py', 'sub/config.json'])
def test_other_files_are_refused_and_not_unpacked(bundle, tmp_path, name):
    with pytest.raises(BundleError, match='no model bundle'):
        unpack_bundle(rewrite(bundle, {name: b'x'}), tmp_path / 'model')
    assert not (tmp_path / 'outside.txt').exists() and not (tmp_path / 'model').exists()


def test_missing_file_is_named(bundle, tmp_path):
    with pytest.raises(BundleError, match=r'model\.safetensors'):
        unpack_bundle(rewrite(bundle, {WEIGHTS: None}), tmp_path / 'model')
    with pytest.raises(BundleError, match='it has no README.md; it holds notes.txt'):
        write_bundle(tmp_path / 'bad.zip', {**{k: v for k, v in FILES.items() if k != CARD}, 'notes.txt': b''})


@pytest.mark.parametrize('start', range(0, 1200, 60))
def test_damage_anywhere_is_refused_or_harmless(bundle, tmp_path, start):
    whole = bundle.read_bytes()
    for place in range(start, min(start + 60, len(whole)), 7):
        damaged = bytearray(whole)
        damaged[place] ^= 0x55
        bundle.write_bytes(damaged)
        shutil.rmtree(tmp_path / 'model', ignore_errors=True)
        with contextlib.suppress(BundleError):
            unpack_bundle(bundle, tmp_path / 'model')
            unpacked = {path.name: path.read_bytes() for path in (tmp_path / 'model').iterdir()}
            assert {name: unpacked[name] for name in FILES} == FILES, place


def test_full_disk_is_no_damage(bundle, tmp_path, monkeypatch):
    def no_space(path, *arguments):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(Path, 'open', no_space)
    with pytest.raises(OSError, match='No space left'):
        unpack_bundle(bundle, tmp_path / 'model')


def test_what_is_no_zip_or_a_cut_one_is_refused(bundle, tmp_path):
    (tmp_path / 'text.zip').write_text('no zip')
    (tmp_path / 'cut.zip').write_bytes(bundle.read_bytes()[:-200])
    for name in ('text.zip', 'cut.zip'):
        with pytest.raises(BundleError, match='no model bundle'):
            unpack_bundle(tmp_path / name, tmp_path / 'model')
    with pytest.raises(FileNotFoundError, match='no model bundle'):
        unpack_bundle(tmp_path / 'none.zip', tmp_path / 'model')
