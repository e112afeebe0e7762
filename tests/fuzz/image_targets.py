"""Readers of images under test."""

from __future__ import annotations

import struct
from abc import ABC, abstractmethod
from pathlib import Path
from random import Random

import numpy as np

from mammo_plugins.io import UnreadableImageError, open_image, read_dbt_volume
from mammo_plugins.io.volume_cache import BrokenVolumeError, VolumeCache
from tests.io.meta_image_builder import TYPES, meta_header

from .bombs import PNG_BOMBS, png_bomb, png_chunk
from .dicom_mutations import mutate_dicom
from .hostile_case import InsaneResultError, ReplacedFiles
from .mutations import mutate_bytes
from .valid_files import valid_dicom_files, valid_png_files, valid_slices

KEY = 'ab' * 32
_CHUNKS = (
    b'tEXt', b'zTXt', b'iTXt', b'iCCP', b'tRNS', b'PLTE', b'acTL', b'fcTL', b'fdAT', b'eXIf', b'IEND', b'IHDR', b'IDAT',
    b'gAMA', b'pHYs', b'xxxx', b'XXXX', b'\0\0\0\0',
)  # fmt: skip


class _ImageTarget:
    """An image that is read slice by slice."""

    errors = (UnreadableImageError,)
    path: Path

    def names(self) -> tuple[str, ...]:
        return (str(self.path),)

    def read(self, out: Path) -> None:
        read_everything(self.path)


class _SingleFileTarget(_ImageTarget, ABC):
    """One image in one file."""

    file_name = 'L-CC.dcm'

    def set_up(self, folder: Path) -> None:
        self.path = folder / self.file_name
        self.valid = self.valid_files()
        self.restore()

    @abstractmethod
    def valid_files(self) -> dict[str, bytes]:
        """Files to damage, by name."""

    def restore(self) -> None:
        self.path.write_bytes(next(iter(self.valid.values())))

    def damage(self, rng: Random) -> None:
        self.path.write_bytes(self.mutate(rng, self.valid[rng.choice(list(self.valid))]))

    @abstractmethod
    def mutate(self, rng: Random, content: bytes) -> bytes:
        """A damaged file."""


def read_everything(path: Path) -> None:
    """Every slice under every kind of rules.

    Raises:
        InsaneResultError: intensities are not between 0 and 1.
    """
    source = open_image(path)
    header = source.header
    for voi in ('auto', 'none'):
        count = 0
        for pixels in source.iter_slices(voi=voi):
            count += 1
            check_intensities(pixels, (header.rows, header.columns))
        if count != header.num_slices:
            raise InsaneResultError(f'{count} slices of {header.num_slices}')
    read_dbt_volume(path, slices=[header.num_slices - 1])


def check_intensities(pixels: np.ndarray, shape: tuple[int, int]) -> None:
    """Refuses what is no image of this size."""
    if pixels.shape != shape:
        raise InsaneResultError(f'shape {pixels.shape} instead of {shape}')
    if not (pixels.min() >= 0 and pixels.max() <= 1):  # NaN is neither
        raise InsaneResultError(f'intensities from {pixels.min()} to {pixels.max()}')


class DicomFiles(_SingleFileTarget):
    """Mammograms and volumes in every transfer syntax."""

    name, cases = 'dicom', 3000

    def valid_files(self) -> dict[str, bytes]:
        return valid_dicom_files()

    def mutate(self, rng: Random, content: bytes) -> bytes:
        return mutate_dicom(rng, content)


class SliceFolder(_ImageTarget):
    """A volume as one file a slice, of which one or two are damaged."""

    name, cases = 'slice-folder', 600

    def set_up(self, folder: Path) -> None:
        self.path = folder / 'volume'
        self.path.mkdir()
        self.valid = valid_slices()
        for name, content in self.valid.items():
            (self.path / name).write_bytes(content)
        self.files = ReplacedFiles(self.path)

    def damage(self, rng: Random) -> None:
        for name in rng.sample(list(self.valid), rng.choice((1, 1, 2))):
            action = rng.random()
            if action < 0.06:
                self.files.link(self.path / name, rng.choice(('/etc/passwd', name, '..', '/dev/null', 'nowhere')))
            elif action < 0.1:
                self.files.remove(self.path / name)
            elif action < 0.25:
                self.files.replace(self.path / name, self._renumbered(rng, self.valid[name]))
            else:
                self.files.replace(self.path / name, mutate_dicom(rng, self.valid[name]))

    @staticmethod
    def _renumbered(rng: Random, content: bytes) -> bytes:
        """Another Instance Number."""
        element = b'\x20\x00\x13\x00IS'
        place = content.index(element)
        (length,) = struct.unpack('<H', content[place + 6 : place + 8])
        number = rng.choice((b'2147483647', b'-2147483648', b'1000000000', b'99999999999999999999', b'0 '))
        return content[: place + 6] + struct.pack('<H', len(number)) + number + content[place + 8 + length :]

    def restore(self) -> None:
        self.files.restore()


class PngFiles(_SingleFileTarget):
    """Mammograms as PNG."""

    name, cases, file_name = 'png', 1000, 'L-CC.png'

    def valid_files(self) -> dict[str, bytes]:
        return valid_png_files()

    def mutate(self, rng: Random, content: bytes) -> bytes:
        kind = rng.random()
        if kind < 0.04:
            return png_bomb(rng.choice(PNG_BOMBS), rng.choice((10**6, 10**8)))
        if kind < 0.3:
            return self._with_header(rng, content)
        if kind < 0.5:
            return self._with_chunk(rng, content)
        return mutate_bytes(rng, content, start=rng.choice((0, 8, 33)))

    @staticmethod
    def _with_header(rng: Random, content: bytes) -> bytes:
        """Another IHDR with a right checksum: absurd sizes, depths, colour types and interlacing."""
        sides = (0, 1, 20, 24, 8_000, 9_000, 12_000, 65_535, 1_000_000_000, 2**31 - 1, 2**32 - 1)
        header = struct.pack(
            '>LLBBBBB', rng.choice(sides), rng.choice(sides), rng.choice((1, 8, 16, 16, 3)),
            rng.choice((0, 0, 0, 2, 3, 6)), rng.choice((0, 0, 1)), rng.choice((0, 0, 5)), rng.choice((0, 0, 1, 9)),
        )  # fmt: skip
        return content[:8] + png_chunk(b'IHDR', header) + content[33:]

    @staticmethod
    def _with_chunk(rng: Random, content: bytes) -> bytes:
        """Another chunk, before or behind the pixels."""
        kind = rng.choice(_CHUNKS)
        size = rng.choice((0, 1, 4, 8, 13, 26, 500))
        chunk = png_chunk(kind, rng.randbytes(size), rng.choice((None, None, 0)))
        place = rng.choice((33, len(content) - 12, len(content)))
        return content[:place] + chunk + content[place:]


class CachedVolumes(_SingleFileTarget):
    """Volumes of the cache, of which all that was stored may have changed."""

    name, cases = 'volume-cache', 600
    errors = (BrokenVolumeError,)
    file_name = f'ab/{KEY}.b2nd'

    def set_up(self, folder: Path) -> None:
        self.cache = VolumeCache(folder)
        self.cache.store(KEY, np.arange(4 * 24 * 20, dtype=np.uint16).reshape(4, 24, 20) ** 2, {'a': [1, 2]})
        super().set_up(folder)

    def valid_files(self) -> dict[str, bytes]:
        return {self.path.name: self.path.read_bytes()}

    def mutate(self, rng: Random, content: bytes) -> bytes:
        return mutate_bytes(rng, content, end=rng.choice((None, 200)))

    def read(self, out: Path) -> None:
        for slices in (None, [2, 0]):
            volume, record = self.cache.read(KEY, slices)
            if volume.dtype != np.uint16 or volume.shape[1:] != (24, 20) or record != {'a': [1, 2]}:
                raise InsaneResultError(f'{volume.dtype} {volume.shape} {record}')


class MetaImages(_SingleFileTarget):
    """Mammograms and volumes as MetaImage, values in the same file."""

    name, cases, file_name = 'meta-image', 600, 'L-CC.mha'

    def valid_files(self) -> dict[str, bytes]:
        files = {}
        for dtype, shape in (('<f8', (3, 20, 18)), ('<u2', (20, 18)), ('<f4', (2, 20, 18))):
            values = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
            header = meta_header(shape[::-1], TYPES[dtype[1:]], 'LOCAL', ElementNumberOfChannels='1', HeaderSize='-1')
            files[f'{dtype} {shape}'] = header.encode() + values.tobytes()
        return files

    def mutate(self, rng: Random, content: bytes) -> bytes:
        end = content.index(b'LOCAL') + 6
        return mutate_bytes(rng, content, 0, end) if rng.random() < 0.7 else mutate_bytes(rng, content, end)


TARGETS = (DicomFiles, SliceFolder, PngFiles, MetaImages, CachedVolumes)
