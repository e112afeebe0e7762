"""A trained model in one file: a zip of plain files, with the SHA-256 of each.

| file | what |
|---|---|
| ``metadata.json`` | what the model is, in the keys of MONAI's bundles |
| ``config.json`` | model, test data set and metrics, as plain values |
| ``model.safetensors`` | the weights, which cannot hold code |
| ``thresholds.json`` | operating points, and the split that each was chosen on |
| ``metrics.json`` | what it was measured to do; may be absent |
| ``README.md`` | the model card |
| ``LICENSE`` | under which terms it may be used |
| ``SHA256SUMS`` | the digest of each file, as ``sha256sum --check`` reads them |

The digest of a model is that of ``SHA256SUMS``: it does not change when the zip is packed anew, and no byte of the
model changes without it.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from .source_digest import digest_file
from .whole_file import whole_file

METADATA, CONFIG, WEIGHTS = 'metadata.json', 'config.json', 'model.safetensors'
THRESHOLDS, METRICS, CARD, LICENSE, SUMS = 'thresholds.json', 'metrics.json', 'README.md', 'LICENSE', 'SHA256SUMS'
_NEEDED = (METADATA, CONFIG, WEIGHTS, THRESHOLDS, CARD, LICENSE)
_FILES = (*_NEEDED, METRICS)

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can hold: equal content gives equal bytes
_MAX_TEXT_BYTES = 16 << 20
_MAX_WEIGHTS_BYTES = 16 << 30
_BLOCK_BYTES = 1 << 20
# What reading a zip with wrong bytes raises: a broken stream, a place outside of the file, a method that is unknown.
_DAMAGE = (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, ValueError, struct.error)
_SUM_LINE = re.compile(r'([0-9a-f]{64})  (\S+)')


class BundleError(ValueError):
    """A file is no model bundle, or not as it was exported."""


def write_bundle(path: str | Path, files: Mapping[str, bytes]) -> str:
    """Writes a bundle; it appears whole or not at all.

    Args:
        path: the zip.
        files: name to content, all that a bundle needs.

    Returns:
        The digest of the model.

    Raises:
        ValueError: a file is missing, or is none of a bundle.
    """
    _require_names(set(files), str(path))
    sums = ''.join(f'{hashlib.sha256(files[name]).hexdigest()}  {name}\n' for name in sorted(files)).encode()
    with whole_file(path) as unfinished, zipfile.ZipFile(unfinished, 'w', zipfile.ZIP_DEFLATED) as archive:
        for name, content in [*sorted(files.items()), (SUMS, sums)]:
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, content)
    return hashlib.sha256(sums).hexdigest()


def bundle_digest(path: str | Path) -> str:
    """The digest of a bundle's model, without looking at its weights; see :func:`unpack_bundle` for a check of all.

    Raises:
        BundleError: it is no bundle.
    """
    return hashlib.sha256(read_bundle_file(path, SUMS)).hexdigest()


def read_bundle_file(path: str | Path, name: str) -> bytes:
    """One of the small files of a zip, after a check of its bytes.

    Raises:
        BundleError: it is no bundle, the file is not in it, or a byte of the file has changed.
        FileNotFoundError: there is no such zip.
    """
    path = Path(path)
    with _opened(path) as archive:
        content = _read(archive, name, path)
        told = {} if name == SUMS else _parse_sums(_read(archive, SUMS, path), str(path))
    if name != SUMS and told.get(name) != hashlib.sha256(content).hexdigest():
        raise _changed([name], str(path))
    return content


def unpack_bundle(path: str | Path, folder: str | Path) -> str:
    """Unpacks a bundle after a check of every byte; the folder appears whole or not at all.

    Args:
        path: the zip.
        folder: where to; must not exist.

    Returns:
        The digest of the model.

    Raises:
        BundleError: it is no bundle, a byte has changed, or it holds other files.
    """
    path, folder = Path(path), Path(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f'.{folder.name}.', dir=folder.parent))
    try:
        with _opened(path) as archive:
            for entry in archive.infolist():
                _extract(archive, entry, unfinished, path)
        digest = check_bundle_folder(unfinished, str(path))
        try:
            os.replace(unfinished, folder)
        except OSError:
            if not folder.is_dir():  # another process was faster otherwise
                raise
        return digest
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def check_bundle_folder(folder: str | Path, name: str | None = None) -> str:
    """The digest of an unpacked bundle, after a check of every byte.

    Args:
        folder: what :func:`unpack_bundle` made.
        name: what to call it in messages.

    Raises:
        BundleError: a byte has changed, or a file is missing or too many.
    """
    folder = Path(folder)
    name = name or str(folder)
    sums = folder / SUMS
    if not sums.is_file():
        raise BundleError(f'{name} is no model bundle: it has no {SUMS}')
    content = sums.read_bytes()
    told = _parse_sums(content, name)
    _require_names({entry.name for entry in folder.iterdir()} - {SUMS}, name)
    changed = [file for file, digest in told.items() if digest_file(folder / file) != digest]
    if changed:
        raise _changed(changed, name)
    return hashlib.sha256(content).hexdigest()


def _changed(files: list[str], bundle: str) -> BundleError:
    return BundleError(
        f'{bundle}: {", ".join(files)} is not as it was exported (its SHA-256 differs from {SUMS}): the copy is '
        'damaged or was changed; get it again'
    )


def _parse_sums(content: bytes, name: str) -> dict[str, str]:
    lines = [_SUM_LINE.fullmatch(line) for line in content.decode('utf-8', 'replace').splitlines()]
    told = {match[2]: match[1] for match in lines if match}
    if None in lines or len(told) != len(lines):
        raise BundleError(f'{name}: {SUMS} is not as "sha256sum" writes it')
    _require_names(set(told), name)
    return told


def _require_names(names: set[str], bundle: str) -> None:
    missing, others = [name for name in _NEEDED if name not in names], sorted(names.difference(_FILES))
    if missing or others:
        faults = [f'it has no {", ".join(missing)}'] * bool(missing) + [f'it holds {", ".join(others)}'] * bool(others)
        raise BundleError(f'{bundle} is no model bundle: {"; ".join(faults)}')


def _opened(path: Path) -> zipfile.ZipFile:
    if not path.is_file():
        raise FileNotFoundError(f'no model bundle {path}')
    try:
        return zipfile.ZipFile(path)
    except _DAMAGE as error:
        raise BundleError(f'{path} is no model bundle: {error}') from error


def _read(archive: zipfile.ZipFile, name: str, path: Path) -> bytes:
    try:
        entry = archive.getinfo(name)
    except KeyError as error:
        raise BundleError(f'{path} is no model bundle: it has no {name}') from error
    if entry.file_size > _MAX_TEXT_BYTES:
        raise BundleError(f'{path}: {name} has {entry.file_size} bytes, which is no text of a bundle')
    return b''.join(_blocks(archive, entry, path))


def _extract(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path, path: Path) -> None:
    """Unpacks a file under one of the names of a bundle, and never more bytes than the zip announces."""
    if entry.filename not in (*_FILES, SUMS) or (folder / entry.filename).exists():
        raise BundleError(f'{path} is no model bundle: it holds {entry.filename!r}, or holds it twice')
    limit = _MAX_WEIGHTS_BYTES if entry.filename == WEIGHTS else _MAX_TEXT_BYTES
    if entry.file_size > limit:
        raise BundleError(f'{path}: {entry.filename} would have {entry.file_size} bytes, and {limit} are allowed')
    with (folder / entry.filename).open('wb') as target:
        for block in _blocks(archive, entry, path):
            target.write(block)  # a full disk is no damage of the zip


def _blocks(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path) -> Iterator[bytes]:
    """The content of a file in a zip, piece by piece."""
    try:
        with archive.open(entry) as source:
            while block := source.read(_BLOCK_BYTES):
                yield block
    except _DAMAGE as error:
        raise BundleError(f'{path} is damaged at {entry.filename}: {error}') from error
