"""The folder of the service: images, results, table, log, and a lock so that one service owns it.

| path | what |
|---|---|
| ``salt`` | random; names of studies and images in files and logs are keyed hashes of their UIDs |
| ``incoming/`` | objects that are still being received; emptied at start |
| ``images/STUDY/IMAGE.dcm`` | images that were received whole |
| ``leaving/*/STUDY/`` | images that are being deleted |
| ``jobs/NUMBER/results/`` | results of a job |
| ``jobs/NUMBER/try-*/`` | a prediction that is under way |
| ``jobs.sqlite``, ``events.jsonl`` | the table and the log |
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

_SALT_BYTES = 32
_NAME_DIGITS = 32


class SpoolInUseError(OSError):
    """Another service owns the folder."""


class Spool:
    """Paths of the folder; it is made where it is missing.

    Args:
        root: the folder.
        free_bytes: free space of a folder's file system.

    Attributes:
        entering: held while an image comes in or a study leaves, so that files and table say the same.
    """

    def __init__(self, root: Path, free_bytes: Callable[[Path], int] | None = None) -> None:
        self.root = root
        self.incoming, self.images, self.jobs = root / 'incoming', root / 'images', root / 'jobs'
        self._leaving, self.entering = root / 'leaving', Lock()
        self.table, self.log = root / 'jobs.sqlite', root / 'events.jsonl'
        self._free_bytes = free_bytes or (lambda path: shutil.disk_usage(path).free)
        for folder in (root, self.incoming, self.images, self.jobs, self._leaving):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if root.stat().st_mode & 0o077:  # somebody else made it, for all to read
            root.chmod(0o700)
        self._salt = _read_salt(root / 'salt')
        self._lock: int | None = None

    def lock(self) -> None:
        """Takes the folder for this process, until :meth:`unlock` or its end.

        Raises:
            SpoolInUseError: another one has it.
        """
        lock = os.open(self.root / 'lock', os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise SpoolInUseError(f'another service runs on {self.root}: stop it, or name another spool') from None
        self._lock = lock

    def unlock(self) -> None:
        """Gives the folder back."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def name(self, uid: str) -> str:
        """What a UID is called in names of files and in the log."""
        return hmac.new(self._salt, uid.encode(), hashlib.sha256).hexdigest()[:_NAME_DIGITS]

    def free_bytes(self) -> int:
        """Free space."""
        return self._free_bytes(self.root)

    def job(self, number: int) -> Path:
        """Folder of a job."""
        return self.jobs / f'{number:08d}'

    def results(self, number: int) -> Path:
        """Folder of a job's results."""
        return self.job(number) / 'results'

    def begin_try(self, number: int, images: Iterable[str]) -> Path:
        """A folder of its own for a try, with ``input`` that has the images of the job; earlier ones are removed.

        A worker that outlives its service writes into another one. Images are numbered in the order in which they are
        given, by which results list them, so that no name of this spool has a part in the bytes of a result.
        """
        for left in self.job(number).glob('try-*'):
            shutil.rmtree(left, ignore_errors=True)
        folder = self.job(number) / f'try-{secrets.token_hex(4)}'
        (folder / 'input').mkdir(parents=True)
        for number, file in enumerate(images, start=1):
            os.link(self.images / file, folder / 'input' / f'{number:05d}.dcm')
        return folder

    @contextmanager
    def taking_away(self, study: str) -> Iterator[Path]:
        """Takes the images of a study out of ``images`` for a block, and back where the block fails.

        Args:
            study: folder below ``images``.

        Returns:
            The folder that is to be deleted after the block.
        """
        folder = self._leaving / secrets.token_hex(4)
        folder.mkdir(mode=0o700)
        moved = (self.images / study).is_dir()
        if moved:
            (self.images / study).rename(folder / study)
        try:
            yield folder
        except BaseException:
            if moved:
                (folder / study).rename(self.images / study)
            folder.rmdir()
            raise

    def clean(self, known: set[str]) -> int:
        """Removes what a crash left: halves of objects, images that nobody was told are here, tries. Counts them.

        Args:
            known: files below ``images`` that the table has. Those that were to leave come back.
        """
        for folder in self._leaving.iterdir():
            for path in folder.glob('*/*.dcm'):
                file = f'{path.parent.name}/{path.name}'
                if file in known and not (self.images / file).exists():
                    move_whole(path, self.images / file)
            shutil.rmtree(folder, ignore_errors=True)
        halves = self.drop_halves(0.0)
        orphans = [path for path in self.images.rglob('*.dcm') if str(path.relative_to(self.images)) not in known]
        for path in orphans:
            path.unlink()
        tries = list(self.jobs.glob('*/try-*'))
        for path in tries:
            shutil.rmtree(path, ignore_errors=True)
        return halves + len(orphans) + len(tries)

    def drop_halves(self, seconds: float) -> int:
        """Removes objects whose last part came some time ago and that nobody took; gives their number."""
        limit, count = time.time() - seconds, 0
        for path in self.incoming.iterdir():
            with suppress(FileNotFoundError):
                if path.is_file() and path.stat().st_mtime <= limit:
                    path.unlink()
                    count += 1
        return count


def sync(path: Path) -> None:
    """Returns when a file, or the names in a folder, are on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def move_whole(source: Path, target: Path) -> None:
    """Gives a file of the same file system its place, on disk before this returns."""
    sync(source)
    made = not target.parent.exists()
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    source.replace(target)
    sync(target.parent)
    if made:
        sync(target.parent.parent)


def _read_salt(path: Path) -> bytes:
    if not path.is_file():
        unfinished = path.with_suffix(f'.{os.getpid()}.tmp')
        unfinished.write_bytes(secrets.token_bytes(_SALT_BYTES))
        unfinished.chmod(0o600)
        move_whole(unfinished, path)
    return path.read_bytes()
