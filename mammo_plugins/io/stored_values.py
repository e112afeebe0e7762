"""The values of pixels, out of the words that hold them.

A pixel's value are ``Bits Stored`` bits of a word of ``Bits Allocated`` bits, the highest of them ``High Bit``; the
bits beside them belong to something else (graphics of older stations) or to nothing. Headers are wrong about it at
times: where the words cannot be what the header says, the image is refused, since a wrong guess makes it darker, clips
it, or folds bright tissue into dark.

Source: DICOM PS3.5 8.1.1 (pixel data encoding), PS3.3 C.7.6.3.1 (bits), C.9.2 (overlay planes).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class StoredBits:
    """Where the value lies in a word.

    Attributes:
        allocated, stored, high: Bits Allocated, Bits Stored and High Bit.
        is_signed: two's complement.
        has_declared_graphics: the header says that an overlay plane lies in the bits beside the value.
        padding: (lowest, highest) word that marks pixels of no image, which may need more bits than values; or None.
    """

    allocated: int
    stored: int
    high: int
    is_signed: bool = False
    has_declared_graphics: bool = False
    padding: tuple[int, int] | None = None

    @property
    def shift(self) -> int:
        """Bits below the value."""
        return self.high + 1 - self.stored


def isolate_values(frame: npt.NDArray, bits: StoredBits) -> npt.NDArray:
    """Values (H, W) of words (H, W).

    Raises:
        ValueError: the words hold more than the header says, or in other places.
    """
    frame = frame.astype(frame.dtype.newbyteorder('='), copy=False)
    half = 2 ** (bits.stored - 1)
    low, high = (-half, half - 1) if bits.is_signed else (0, 2 * half - 1)
    if not bits.shift and frame.min() >= low and frame.max() <= high:
        return frame  # as nearly all are
    words = _as_words(frame)
    mask = np.int32(2**bits.stored - 1)
    values = (words.astype(np.int32) >> bits.shift) & mask
    if bits.is_signed:
        values = np.where(values > mask // 2, values - mask - 1, values)
    is_padding = _is_padding(frame, bits)
    beside = (frame.astype(np.int32) != values << bits.shift) & ~is_padding
    if beside.any() and not bits.has_declared_graphics:
        _check_beside(frame, values, beside, bits)
    # A padding word that does not fit into a value stays itself, so that it is found again.
    return np.where(is_padding, frame.astype(np.int32), values).astype(np.int32)


def _as_words(frame: npt.NDArray) -> npt.NDArray:
    return frame.view(np.uint8 if frame.dtype.itemsize == 1 else np.uint16)


def _is_padding(frame: npt.NDArray, bits: StoredBits) -> npt.NDArray[np.bool_]:
    if bits.padding is None:
        return np.zeros(frame.shape, bool)
    return (frame >= bits.padding[0]) & (frame <= bits.padding[1])


def _check_beside(frame: npt.NDArray, values: npt.NDArray, beside: npt.NDArray[np.bool_], bits: StoredBits) -> None:
    """Tells graphics in unused bits from values that need more bits, or lie in others, than the header says.

    Graphics are drawn onto a picture, which is smooth without them. Values that go on above their bits are the other
    way round: smooth as whole words, folded where they are cut.
    """
    stated = f'Bits Stored (0028,0101) is {bits.stored}, High Bit (0028,0102) {bits.high}'
    unused = bits.allocated - bits.stored
    words = _as_words(frame)
    if bits.shift and not (words >> bits.stored).any():
        raise ValueError(f'{stated}, but the values lie in the lowest bits: correct High Bit')
    if not bits.shift and not (words & (2**unused - 1)).any():
        raise ValueError(f'{stated}, but the values lie in the highest bits (left-aligned): correct High Bit')
    if bits.shift:
        return
    pairs = beside, ~_is_padding(frame, bits)
    for whole in (words, frame) if bits.is_signed else (words,):
        if _is_smoother(whole, values, *pairs):
            low, high = int(whole[beside].min()), int(whole[beside].max())
            needed = max(high.bit_length(), (~low).bit_length() if low < 0 else 0) + bits.is_signed
            raise ValueError(
                f'{stated}, but values reach {high if high >= -low else low} and need {needed} bits: correct '
                'Bits Stored and High Bit'
            )


def _is_smoother(
    whole: npt.NDArray, cut: npt.NDArray, beside: npt.NDArray[np.bool_], inside: npt.NDArray[np.bool_]
) -> bool:
    """Whether whole words make a smoother picture than the values cut out of them, around the pixels that differ.

    Steps between neighbours are compared as they are, and in parts of the spread: finely cut values differ by less than
    whole ones whatever they show, but are no picture.
    """
    steps_whole, steps_cut = (_sum_steps(picture, beside, inside) for picture in (whole, cut))
    spread_whole, spread_cut = (_spread(picture[beside]) for picture in (whole, cut))
    return steps_whole <= steps_cut or steps_whole * spread_cut < steps_cut * spread_whole


def _sum_steps(picture: npt.NDArray, beside: npt.NDArray[np.bool_], inside: npt.NDArray[np.bool_]) -> float:
    """Sum of the steps between neighbours, both inside and one of them marked."""
    total = 0
    for first, second in ((np.s_[:-1], np.s_[1:]), (np.s_[:, :-1], np.s_[:, 1:])):
        counts = (beside[first] | beside[second]) & inside[first] & inside[second]
        total += int(np.abs(picture[first][counts].astype(np.int64) - picture[second][counts]).sum())
    return float(total)


def _spread(values: npt.NDArray) -> float:
    """Mean distance from the median."""
    return float(np.abs(values - np.median(values)).mean())
