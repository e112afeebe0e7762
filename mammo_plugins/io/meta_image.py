"""Mammograms and volumes as MetaImage: an ``.mhd`` header with raw values beside it, or ``.mha``."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mammo_plugins.structures import ViewKey

from .file_name_view import view_from_file_name
from .mammogram_header import MammogramHeader, find_small_size
from .meta_image_header import MetaImageHeader, read_meta_header
from .slice_selection import check_slice_indices
from .unreadable_image import UnreadableImageError
from .victre_layout import VICTRE, VICTRE_VIEW, StoredLayout, find_layout, window_of
from .voi import check_policy

_LARGEST_FLOAT = 1e30  # far beyond any grey value; its square can still be summed
_FLOAT_BITS = 16  # what intensities of floating-point values are rounded to


class _Extent(NamedTuple):
    """Of all values of an image."""

    smallest: float
    largest: float
    mean: float


class MetaImage:
    """A mammogram or a volume in MetaImage format; slices are read one by one.

    Files of the VICTRE pipeline (T-SYNTH) are read upright, see :mod:`.victre_layout`; for others the view is what the
    file name says, as for PNG, a volume of several slices is ``DBT`` and one of a single slice ``FFDM``.

    Args:
        path: the header's file.

    Attributes:
        header (MammogramHeader): size and spacing as the slices are given.
        layout (StoredLayout): how the values lie in the file.
        data_path (Path): the file of the values.

    Raises:
        UnreadableImageError: a header that is none or asks for what is not read, or data that are missing or of another
            size.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._meta = read_meta_header(self.path)
        self.data_path = self._meta.data_path
        size = _size_of(self._meta)
        start = self._meta.data_start
        self.layout = find_layout(self._meta, (self._meta.num_bytes if start is None else size - start))
        self._start = size - self._meta.num_bytes if start is None else start
        if self._start < 0:
            raise UnreadableImageError(self.path, f'{self.data_path.name} has fewer bytes than DimSize needs')
        self.header = _describe(self._meta, self.layout)

    def iter_slices(self, indices: Sequence[int] | None = None, voi: str = 'auto') -> Iterator[npt.NDArray[np.float32]]:
        """Intensities (H, W) in [0, 1] of the wanted slices in the order asked for.

        Args:
            indices: 0-based stored slices; all where None.
            voi: ``none`` divides whole numbers by the largest of their type, and takes floating-point values, which
                have no such bound, from the smallest to the largest of the image. ``auto`` takes 16 bits as PNG files
                are taken: up to the next ``2**n - 1`` above the largest value; volumes and projections of VICTRE by
                :func:`~.victre_layout.window_of`; others as ``none``. The whole image counts, so that a slice looks the
                same whether it is read alone or with its volume; a volume is therefore gone through before, for VICTRE
                twice.

        Raises:
            UnreadableImageError: the data cannot be read, hold values that are no numbers, or the policy asks for a
                window or a table.
            ValueError: an index is out of range, or the policy is unknown.
        """
        check_policy(voi)
        wanted = check_slice_indices(indices, self.header.num_slices, self.path)
        if voi not in ('auto', 'none'):
            raise UnreadableImageError(
                self.path, f'a MetaImage holds nothing for the VOI policy {voi!r}: use auto or none'
            )
        return (self._show(index, voi) for index in wanted)

    def _show(self, index: int, voi: str) -> npt.NDArray[np.float32]:
        low, high = self._range(voi)
        values = self.layout.upright(self._read(index))
        if high <= low:
            return np.zeros(values.shape, np.float32)
        return np.clip((values.astype(np.float64) - low) / (high - low), 0.0, 1.0).astype(np.float32)

    def _range(self, voi: str) -> tuple[float, float]:
        """The values that are black and white."""
        dtype = self.layout.dtype
        if dtype.kind == 'u':
            bits = 8 * dtype.itemsize
            if voi == 'auto' and bits == 16:
                bits = max(8, int(self._extent.largest).bit_length())
            return 0.0, float(2**bits - 1)
        extent = self._extent
        if voi == 'auto' and self.layout.is_victre and self.layout.modality != 'SM':
            return window_of(extent.smallest, extent.largest, *self._tissue)
        return extent.smallest, extent.largest

    @cached_property
    def _extent(self) -> _Extent:
        smallest, largest, total, count = math.inf, -math.inf, 0.0, 0
        for values in self._all_values():
            smallest, largest = min(smallest, float(values.min())), max(largest, float(values.max()))
            total += float(values.sum())
            count += values.size
        return _Extent(smallest, largest, total / count)

    @cached_property
    def _tissue(self) -> tuple[float, float]:
        """Mean and standard deviation of the values above the mean of all: most of an image is air."""
        total, squares, count = 0.0, 0.0, 0
        for values in self._all_values():
            tissue = values[values > self._extent.mean]
            total += float(tissue.sum())
            squares += float(np.square(tissue).sum())
            count += tissue.size
        mean = total / max(1, count)
        return mean, math.sqrt(max(squares / max(1, count) - mean * mean, 0.0))

    def _all_values(self) -> Iterator[npt.NDArray[np.float64]]:
        return (self._read(index).astype(np.float64) for index in range(self.layout.slices))

    def _read(self, index: int) -> npt.NDArray:
        """One slice (rows, columns) as it lies in the file."""
        layout = self.layout
        count = layout.rows * layout.columns
        try:
            with self.data_path.open('rb') as file:
                file.seek(self._start + index * count * layout.dtype.itemsize)
                content = file.read(count * layout.dtype.itemsize)
            values = np.frombuffer(content, layout.dtype)
        except (OSError, ValueError) as error:
            reason = getattr(error, 'strerror', None) or type(error).__name__
            raise UnreadableImageError(self.path, f'{self.data_path.name} cannot be read: {reason}') from error
        if values.size != count:
            raise UnreadableImageError(self.path, f'{self.data_path.name} ends in slice {index}')
        if layout.dtype.kind == 'f' and not (np.abs(values) < _LARGEST_FLOAT).all():  # neither is NaN
            reason = (
                f'holds values in slice {index} that are no grey values (NaN, infinity or beyond {_LARGEST_FLOAT:g})'
            )
            raise UnreadableImageError(self.path, f'{self.data_path.name} {reason}')
        return values.reshape(layout.rows, layout.columns)


def _size_of(meta: MetaImageHeader) -> int:
    name = meta.data_path.name
    try:
        if not meta.data_path.is_file():
            raise UnreadableImageError(meta.path, f'no file {name} with its pixels: it belongs beside the header')
        return meta.data_path.stat().st_size
    except OSError as error:
        reason = f'{name} with its pixels cannot be opened: {error.strerror or type(error).__name__}'
        raise UnreadableImageError(meta.path, reason) from error


def _describe(meta: MetaImageHeader, layout: StoredLayout) -> MammogramHeader:
    rows, columns = layout.rows, layout.columns
    across, down, between = (*(meta.spacing_mm or ()), None, None, None)[:3]
    if layout.lies_on_side:
        rows, columns = columns, rows
    if layout.lies_on_side or layout.modality == 'SM':
        across, down = down, across  # the rows of the upright frame lie along x
    if layout.is_victre:
        view, prefix, where = ViewKey.parse(VICTRE_VIEW), '', f'{VICTRE}: right breasts in craniocaudal compression'
    else:
        view, prefix = view_from_file_name(meta.path)
        where = 'file name' if view else None
    return MammogramHeader(
        path=meta.path,
        modality=layout.modality,
        is_computed=layout.modality == 'SM',  # by VICTRE's owners, from the volume
        rows=rows,
        columns=columns,
        num_slices=layout.slices,
        bits_stored=8 * layout.dtype.itemsize if layout.dtype.kind == 'u' else _FLOAT_BITS,
        view=view,
        view_source=where,
        view_problem=None if view else f'the file name {meta.path.name!r} holds no view such as L-CC',
        spacing_mm=None if across is None or down is None else (down, across),
        spacing_source=None if across is None else 'ElementSpacing',
        slice_spacing_mm=between if layout.modality == 'DBT' else None,
        # The chest wall is left although the breasts are right ones; that lateral is up is assumed, as of all images.
        patient_orientation=('A', 'L') if layout.is_victre else None,
        manufacturer=VICTRE if layout.is_victre else '',
        patient_id=prefix,
        unfit=find_small_size(rows, columns),
    )
