"""Telling whether an image file is still the one it was."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path

from .meta_image_header import looks_like_meta_image, read_meta_header
from .slice_series import names_series, series_files
from .unreadable_image import UnreadableImageError
from .whole_file import write_whole

_BLOCK_BYTES = 1 << 20


def digest_source(path: str | Path) -> str:
    """SHA-256 of a file's bytes.

    Of a folder (one file a slice) or a series in one, it is that of its files' names and bytes in order of name. Of a
    MetaImage header, the file of its pixels counts too.

    Raises:
        OSError: it cannot be read.
    """
    path = Path(path)
    digest = hashlib.sha256()
    for file in _files_of(path):
        if file != path:
            digest.update(f'{file.name}\0'.encode())
        _update(digest, file)
    return digest.hexdigest()


def digest_file(path: str | Path) -> str:
    """SHA-256 of the bytes of one file, whatever it is.

    Raises:
        OSError: it cannot be read.
    """
    digest = hashlib.sha256()
    _update(digest, Path(path))
    return digest.hexdigest()


def _update(digest: hashlib._Hash, path: Path) -> None:
    with path.open('rb') as stream:
        while block := stream.read(_BLOCK_BYTES):
            digest.update(block)


class SourceDigests:
    """Remembers digests in a folder, so that a file that has not changed since is not read again.

    A file counts as unchanged while its size, its time of modification and the time of its last change of state are.
    Copying with times kept (``rsync -t``, ``cp -p``, ``tar``) or moving sets the third alone: then the bytes are read
    once more. What keeps all three, such as a file system without the third, escapes until :meth:`compute` reads
    ``anew``. Paths are kept as digests only: names of folders may say who somebody is.

    Args:
        folder: where they are kept.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def known(self, path: str | Path) -> str | None:
        """The digest, or None where it was never computed for the file as it is."""
        try:
            note = json.loads(self._note_of(path).read_text(encoding='utf-8'))
            stamp, digest, before = _stamp(Path(path)), note['digest'], note['stamp']
            if stamp == before:
                return digest
            if [state[:2] for state in stamp] != [state[:2] for state in before]:
                return None
            found = digest_source(path)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        with suppress(OSError):  # a cache that may only be read: the bytes are read each time
            self._note(path, stamp, found)
        return found

    def compute(self, path: str | Path, anew: bool = False) -> str:
        """The digest, from the file's bytes unless it is known.

        Args:
            path: the file.
            anew: from its bytes in any case.

        Raises:
            OSError: the file cannot be read.
        """
        if not anew and (known := self.known(path)) is not None:
            return known
        stamp = _stamp(Path(path))  # before reading: a change meanwhile must not be taken for what was read
        digest = digest_source(path)
        self._note(path, stamp, digest)
        return digest

    def _note(self, path: str | Path, stamp: list[list[int]], digest: str) -> None:
        write_whole(self._note_of(path), json.dumps({'stamp': stamp, 'digest': digest}) + '\n')

    def _note_of(self, path: str | Path) -> Path:
        name = hashlib.sha256(str(Path(path).resolve()).encode()).hexdigest()
        return self.folder / name[:2] / f'{name}.json'


def _stamp(path: Path) -> list[list[int]]:
    """Size, time of modification and time of the last change of state of each file."""
    states = [file.stat() for file in _files_of(path)]
    return [[state.st_size, state.st_mtime_ns, state.st_ctime_ns] for state in states]


def _files_of(path: Path) -> list[Path]:
    if names_series(path):
        return series_files(path)
    if path.is_dir():
        return sorted(entry for entry in path.iterdir() if entry.is_file())
    return [path, *_pixels_of_meta_image(path)]


def _pixels_of_meta_image(path: Path) -> list[Path]:
    """The file of its pixels where it is a MetaImage header with one beside it; a damaged header leads to none."""
    with path.open('rb') as file:
        start = file.read(8)
    if not looks_like_meta_image(path, start):
        return []
    try:
        data_path = read_meta_header(path).data_path
    except UnreadableImageError:
        return []
    return [] if data_path == path else [data_path]
