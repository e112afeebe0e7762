"""One way into every stored image: DICOM file, folder or series of DICOM slices, PNG, MetaImage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from .dicom import DicomFile
from .mammogram_header import MammogramHeader, MammogramImage
from .meta_image import MetaImage
from .meta_image_header import looks_like_meta_image
from .png_image import PngImage
from .slice_folder import DicomSliceFolder, dicom_files_in
from .slice_selection import check_slice_indices
from .slice_series import names_series, open_series
from .unreadable_image import UnreadableImageError

_PNG_SIGNATURE = b'\x89PNG\r\n\x1a\n'


class ImageSource(Protocol):
    """An image whose header is known and whose slices are decoded when asked for."""

    header: MammogramHeader

    def iter_slices(self, indices: Sequence[int] | None = None, voi: str = 'auto') -> Iterator[npt.NDArray[np.float32]]:
        """Intensities (H, W) in [0, 1], dense tissue bright, of the wanted slices in the order asked for."""


def open_image(path: str | Path) -> ImageSource:
    """Opens a DICOM file, a folder of one DICOM file a slice, a series in a folder, a PNG file or a MetaImage header.

    Told by content, not by name (but a file named ``.mhd`` or ``.mha`` is a MetaImage in any case); a series is
    ``FOLDER/SERIES_UID.series`` (see :mod:`.slice_series`).

    A folder that holds exactly one DICOM file stands for that file (the layout of the BCS-DBT release).

    Raises:
        UnreadableImageError: no such image; the reason names what is wrong.
    """
    path = Path(path)
    if _is_name_of_series(path):
        return open_series(path)
    start = _read_start(path)
    if start is None:
        files = dicom_files_in(path)
        return DicomFile(files[0]) if len(files) == 1 else DicomSliceFolder(path)
    if not start:
        raise UnreadableImageError(path, 'the file is empty')
    if start == _PNG_SIGNATURE:
        return PngImage(path)
    return MetaImage(path) if looks_like_meta_image(path, start) else DicomFile(path)


def _is_name_of_series(path: Path) -> bool:
    try:
        return names_series(path)
    except (OSError, ValueError):  # no file can have this name, which is said where it is opened
        return False


def _read_start(path: Path) -> bytes | None:
    """The first bytes of a file; None for a folder."""
    try:
        if path.is_dir():
            return None
        with path.open('rb') as file:
            return file.read(len(_PNG_SIGNATURE))
    except OSError as error:
        reason = f'cannot be opened: {error.strerror or type(error).__name__}'
        if isinstance(error, FileNotFoundError) and '\\' in str(path):
            reason += '; the path holds backslashes, as annotation files of Windows may: write it with forward slashes'
        raise UnreadableImageError(path, reason) from error
    except ValueError as error:  # NUL, or half of a surrogate pair
        raise UnreadableImageError(path, 'no file can have this name') from error


def read_header(path: str | Path) -> MammogramHeader:
    """The header of an image; its pixels are not decoded.

    Raises:
        UnreadableImageError: see :func:`open_image`.
    """
    return open_image(path).header


def iter_slices(
    path: str | Path, indices: Sequence[int] | None = None, voi: str = 'auto'
) -> Iterator[npt.NDArray[np.float32]]:
    """Intensities (H, W) in [0, 1] of the wanted slices, all where ``indices`` is None; one decoded at a time.

    Args:
        path: see :func:`open_image`.
        indices: 0-based stored slices, in the order wanted.
        voi: see :mod:`mammo_plugins.io.voi`.

    Raises:
        UnreadableImageError: the image cannot be read.
        ValueError: an index is out of range, or the VOI policy is unknown.
    """
    return open_image(path).iter_slices(indices, voi)


def read_mammogram(path: str | Path, voi: str = 'auto') -> MammogramImage:
    """An image of one slice: an FFDM, a synthetic mammogram or a DBT volume of one slice.

    Raises:
        UnreadableImageError: the image cannot be read, or has more than one slice.
        ValueError: the VOI policy is unknown.
    """
    source = open_image(path)
    if source.header.num_slices != 1:
        raise UnreadableImageError(path, f'has {source.header.num_slices} slices: read it with read_dbt_volume')
    (pixels,) = source.iter_slices(voi=voi)
    return MammogramImage(source.header, pixels)


def read_dbt_volume(
    path: str | Path, slices: Sequence[int] | None = None, voi: str = 'auto'
) -> tuple[MammogramHeader, npt.NDArray[np.float32]]:
    """A volume, or some of its slices; a mammogram is a volume of one slice.

    Args:
        path: see :func:`open_image`.
        slices: 0-based stored slices, in the order wanted; all where None.
        voi: see :mod:`mammo_plugins.io.voi`.

    Returns:
        The header (of the whole volume), and float32 (S, H, W) in [0, 1].

    Raises:
        UnreadableImageError: the image cannot be read.
        ValueError: an index is out of range, or the VOI policy is unknown.
    """
    source = open_image(path)
    header = source.header
    wanted = check_slice_indices(slices, header.num_slices, Path(path))
    frames = source.iter_slices(slices, voi)  # checks the stored pixels before anything is allocated
    try:
        volume = np.empty((len(wanted), header.rows, header.columns), np.float32)
    except MemoryError as error:
        size = f'{len(wanted)} slices of {header.columns} x {header.rows} pixels'
        raise UnreadableImageError(path, f'{size} do not fit into the memory: read fewer at a time') from error
    for target, frame in zip(volume, frames, strict=True):
        target[...] = frame
    return header, volume
