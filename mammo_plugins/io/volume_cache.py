"""Prepared volumes on disk: 16-bit, compressed slice by slice, and believed only when they are whole.

A volume is stored under a key that its maker forms from the source file's digest and the settings that made it. It is
written beside its place and renamed, so a run that is killed leaves nothing under a key. The file ends with a checksum
of all before it, which is looked at before anything else: a damaged header can ask for any amount of memory.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .whole_file import whole_file

_RECORD = 'mammo_plugins'
_CODEC_LEVEL = 5
_CHECKSUM_BYTES = 4  # behind the b2nd frame, which says itself how long it is


class BrokenVolumeError(ValueError):
    """A stored volume that is not what was stored; the message names the file and what is wrong."""


class VolumeCache:
    """A folder of volumes.

    Source of the container: blosc2's b2nd; ``tools/benchmarks/volume_containers.py`` compares it with zarr.

    Args:
        folder: made when the first volume is stored.

    Raises:
        ModuleNotFoundError: blosc2 is not installed; the message says how to install it.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        _blosc2()

    def path_of(self, key: str) -> Path:
        """Where the volume of a key lies, if it does."""
        return self.folder / key[:2] / f'{key}.b2nd'

    def __contains__(self, key: str) -> bool:
        return self.path_of(key).is_file()

    def store(self, key: str, volume: np.ndarray, record: Mapping[str, Any]) -> None:
        """Stores a volume; one that is there already is replaced.

        Args:
            key: hexadecimal digits.
            volume: (S, H, W) uint16.
            record: further facts, of plain values.

        Raises:
            ValueError: the volume is of another type or shape.
        """
        if volume.dtype != np.uint16 or volume.ndim != 3 or not volume.size:
            raise ValueError(f'a volume (S, H, W) of uint16 is needed, got {volume.shape} of {volume.dtype}')
        blosc2 = _blosc2()
        with whole_file(self.path_of(key)) as unfinished:
            stored = blosc2.asarray(
                np.ascontiguousarray(volume),
                urlpath=str(unfinished),
                mode='w',
                chunks=(1, *volume.shape[1:]),
                cparams={
                    'codec': blosc2.Codec.LZ4,
                    'clevel': _CODEC_LEVEL,
                    'filters': [blosc2.Filter.SHUFFLE],
                    'nthreads': 1,
                },
            )
            stored.schunk.vlmeta[_RECORD] = dict(record)
            with unfinished.open('ab') as file:
                file.write(_checksum(unfinished.read_bytes()))
            _flush(unfinished)

    def read(self, key: str, slices: Sequence[int] | None = None) -> tuple[np.ndarray, dict[str, Any]]:
        """A volume, or some of its slices, and the record beside it.

        Args:
            key: as it was stored.
            slices: 0-based, in the order wanted; all where None. Others are not decompressed.

        Returns:
            (S, H, W) uint16 and the record.

        Raises:
            KeyError: no volume is stored under the key.
            BrokenVolumeError: the file has changed since it was stored, or cannot be read.
        """
        path = self.path_of(key)
        if not path.is_file():
            raise KeyError(key)
        content = path.read_bytes()
        if content[-_CHECKSUM_BYTES:] != _checksum(content[:-_CHECKSUM_BYTES]):
            raise BrokenVolumeError(f'{path}: has changed since it was stored: delete it, and prepare it again')
        try:
            stored = _blosc2().open(str(path), mode='r', dparams={'nthreads': 1})
            volume = stored[...] if slices is None else np.stack([stored[index] for index in slices])
            return volume, stored.schunk.vlmeta[_RECORD]
        except Exception as error:  # whatever blosc2 makes of bytes that another program stored
            raise BrokenVolumeError(f'{path}: cannot be read ({type(error).__name__})') from error


def _checksum(content: bytes) -> bytes:
    return zlib.crc32(content).to_bytes(_CHECKSUM_BYTES, 'little')


def _flush(path: Path) -> None:
    """To the disk before the name: a power cut must not leave a name without its bytes."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _blosc2() -> Any:
    try:
        import blosc2
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "a volume cache needs blosc2: pip install 'mammo_plugins[cache]'", name='blosc2'
        ) from error
    return blosc2
