"""A mammogram in a PNG file of 8 or 16 bits, its view in the file name (``0_L-CC.png``)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from .file_name_view import view_from_file_name
from .mammogram_header import MammogramHeader, find_small_size
from .slice_selection import check_slice_indices
from .unreadable_image import UnreadableImageError
from .voi import check_policy

_BITS_OF_MODES = {'L': 8, 'I;16': 16, 'I;16B': 16, 'I;16L': 16, 'I': 16}
_SIGNATURE = b'\x89PNG\r\n\x1a\n'
_MASK = re.compile(r'(?<![a-z])masks?$', re.IGNORECASE)


class PngImage:
    """A mammogram in a PNG file. The patient is what stands before the view in the file name.

    Args:
        path: the file.

    Attributes:
        header (MammogramHeader): size from the file, view from its name.

    Raises:
        UnreadableImageError: no PNG file, or not a grayscale one.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        with self._open() as image:
            if image.mode not in _BITS_OF_MODES:
                raise UnreadableImageError(
                    self.path,
                    f'not a grayscale PNG of 8 or 16 bits but of mode {image.mode}: convert it to one channel',
                )
            columns, rows = image.size
            bits = _BITS_OF_MODES[image.mode]
        view, prefix = view_from_file_name(self.path)
        self.header = MammogramHeader(
            path=self.path,
            modality='FFDM',
            rows=rows,
            columns=columns,
            num_slices=1,
            bits_stored=bits,
            view=view,
            view_source='file name' if view else None,
            view_problem=None if view else f'the file name {self.path.name!r} holds no view such as L-CC',
            patient_id=prefix,
            unfit='a segmentation mask, by its name'
            if _MASK.search(self.path.stem)
            else find_small_size(rows, columns),
        )

    def iter_slices(self, indices: Sequence[int] | None = None, voi: str = 'auto') -> Iterator[npt.NDArray[np.float32]]:
        """Intensities (H, W) in [0, 1] of the one slice, for each time it is asked for.

        Args:
            indices: only 0 exists.
            voi: ``none`` divides by the largest value of the format. ``auto`` does so for 8 bits; for 16 bits it
                divides by the largest value in the image rounded up to the next ``2**n - 1``, because mammograms of 10
                to 14 bits are commonly stored in 16 and would be nearly black otherwise. PNG has no window or table.

        Raises:
            UnreadableImageError: the pixels cannot be decoded, or the policy asks for a window or a table.
            ValueError: an index is out of range, or the policy is unknown.
        """
        check_policy(voi)
        wanted = check_slice_indices(indices, 1, self.path)
        if voi not in ('auto', 'none'):
            raise UnreadableImageError(self.path, f'a PNG holds nothing for the VOI policy {voi!r}: use auto or none')
        return (self._read(voi) for _ in wanted)

    def _read(self, voi: str) -> npt.NDArray[np.float32]:
        try:
            with self._open() as image:
                stored = np.asarray(image)
        except UnreadableImageError:
            raise
        except Exception as error:  # Pillow's decoders raise OSError, SyntaxError, struct.error and others
            raise UnreadableImageError(self.path, f'truncated or broken PNG ({type(error).__name__})') from error
        bits = self.header.bits_stored
        if voi == 'auto' and bits == 16:
            bits = max(8, int(stored.max()).bit_length())
        return stored.astype(np.float32) / np.float32(2**bits - 1)

    def _is_signed(self) -> bool:
        """Whether the file begins as a PNG does (ISO/IEC 15948, 5.2)."""
        with self.path.open('rb') as file:
            return file.read(len(_SIGNATURE)) == _SIGNATURE

    def _open(self) -> Image.Image:
        try:
            return Image.open(self.path, formats=['PNG'])
        except UnidentifiedImageError as error:
            what = 'truncated or broken PNG' if self._is_signed() else 'not a PNG file'
            raise UnreadableImageError(self.path, what) from error
        except OSError as error:
            if error.errno is None:  # Pillow's own, of a chunk that is cut
                raise UnreadableImageError(self.path, 'truncated or broken PNG') from error
            raise UnreadableImageError(
                self.path, f'cannot be opened: {error.strerror or type(error).__name__}'
            ) from error
        except Exception as error:  # broken chunks, decompression bombs
            raise UnreadableImageError(self.path, f'truncated or broken PNG ({type(error).__name__})') from error
