"""Images for a viewer: the levels that a file holds, and how its header asks for them to be shown.

A level is a whole number from 0 to ``top``, dense tissue high. Of a DICOM image it is the stored value, counted from
the lowest possible one (from the highest one in MONOCHROME1), so that a viewer can change the window as a workstation
does. Images that have no values of their own to show (other formats, slices with a window each) give the intensities
that all other commands see, in 12 bits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from .image_source import ImageSource
from .png_image import PngImage
from .voi import IntensityRules, LookUpTable, Window, to_intensities

_TOP_OF_INTENSITIES = 4095
_LARGEST_TOP = 65535
_STEP_WIDTH = 1e-3  # levels; a window of no width is a step


@dataclass(frozen=True)
class DisplayScale:
    """How levels are shown at first.

    Attributes:
        top: the highest level.
        center, width: the window in levels: 0 at ``center - width / 2``, 1 at ``center + width / 2``.
        function: ``LINEAR`` between these ends, or ``SIGMOID``.
        table: (top + 1,) uint8 grey value of each level, instead of a window; None for none.
        low, high: the value that level 0 and the highest level stand for in the header's units.
        background: highest level of what is no breast; -1 where that is not known.
        has_padding: whether level 0 is no value but what was padded.
    """

    top: int = 255
    center: float = 127.5
    width: float = 255.0
    function: str = 'LINEAR'
    table: npt.NDArray[np.uint8] | None = None
    low: float = 0.0
    high: float = 255.0
    background: int = -1
    has_padding: bool = False

    @classmethod
    def of_intensities(cls, top: int) -> DisplayScale:
        """All levels linearly."""
        return cls(top, top / 2, float(top), low=0.0, high=float(top))

    def greys(self) -> npt.NDArray[np.uint8]:
        """(top + 1,) uint8: what each level is shown as at first."""
        levels = np.arange(self.top + 1, dtype=np.float64)
        if self.table is not None:
            greys = self.table.astype(np.float64) / 255
        elif self.function == 'SIGMOID':
            greys = 1 / (1 + np.exp(np.clip(-4 * (levels - self.center) / self.width, -80, 80)))
        else:
            greys = np.clip((levels - self.center) / self.width + 0.5, 0, 1)
        if self.has_padding:
            greys[0] = 0
        return np.floor(greys * 255 + 0.5).astype(np.uint8)


def read_display_levels(
    source: ImageSource, indices: Sequence[int]
) -> tuple[DisplayScale, Iterator[npt.NDArray[np.uint8 | np.uint16]]]:
    """Levels (H, W) of the wanted slices, decoded one at a time, and how to show them.

    Args:
        source: the image.
        indices: 0-based stored slices, in the order wanted.

    Raises:
        UnreadableImageError: the image cannot be read; also while slices are taken.
    """
    rules: IntensityRules | None = getattr(source, 'shared_rules', None)
    if rules is not None:
        return _read_by_rules(source, indices, rules)
    top = 255 if source.header.bits_stored <= 8 else _TOP_OF_INTENSITIES
    if isinstance(source, PngImage) and top > 255:
        (pixels,) = source.iter_slices([0], 'none')
        levels = _to_levels(pixels, 2**source.header.bits_stored - 1)
        top = 2 ** max(8, int(levels.max()).bit_length()) - 1
        return DisplayScale.of_intensities(top), (levels for _ in indices)
    return DisplayScale.of_intensities(top), (_to_levels(pixels, top) for pixels in source.iter_slices(indices))


def _read_by_rules(
    source: ImageSource, indices: Sequence[int], rules: IntensityRules
) -> tuple[DisplayScale, Iterator[npt.NDArray[np.uint8 | np.uint16]]]:
    low, high = rules.value_range
    top = 2**rules.bits_stored - 1 if rules.modality_table is None else int(rules.modality_table.max_entry)
    top = min(top, _LARGEST_TOP)
    ends = (high, low) if rules.is_inverted else (low, high)
    scale = replace(DisplayScale.of_intensities(top), low=ends[0], high=ends[1], has_padding=rules.padding is not None)
    levels = (_to_levels(pixels, top) for pixels in source.iter_slices(indices, 'none'))
    if rules.for_processing:  # one slice, shown from its smallest to its largest value
        stored = list(levels)
        values = np.concatenate([one[one > 0] if scale.has_padding else one.ravel() for one in stored])
        first, last = (int(values.min()), int(values.max())) if values.size else (0, 0)
        width = float(max(last - first, _STEP_WIDTH))
        return replace(scale, center=(first + last) / 2, width=width), iter(stored)
    if rules.voi_table is not None:
        return replace(scale, table=_sampled(rules, scale)), levels
    return (scale if rules.window is None else _windowed(scale, rules.window, rules.is_inverted)), levels


def _windowed(scale: DisplayScale, window: Window, is_inverted: bool) -> DisplayScale:
    """The header's window in levels.

    Source: DICOM PS3.3 C.11.2.1.2.1: LINEAR is LINEAR_EXACT of a centre 0.5 and a width 1 smaller.
    """
    center, width = float(window.center), float(window.width)
    if window.function == 'LINEAR':
        center, width = center - 0.5, width - 1
        if width <= 0:  # a step, of which the centre is the dark side
            center += _STEP_WIDTH * (-1 if is_inverted else 1)
    per_value = scale.top / abs(scale.high - scale.low)
    above = (scale.low - center) if is_inverted else (center - scale.low)
    function = 'SIGMOID' if window.function == 'SIGMOID' else 'LINEAR'
    return replace(scale, center=above * per_value, width=max(width * per_value, _STEP_WIDTH), function=function)


def _sampled(rules: IntensityRules, scale: DisplayScale) -> npt.NDArray[np.uint8]:
    """The header's table at each level."""
    values = np.linspace(scale.low, scale.high, scale.top + 1)
    table: LookUpTable = rules.voi_table
    as_values = replace(rules, slope=1.0, intercept=0.0, modality_table=None, padding=None, voi_table=table)
    return np.rint(to_intensities(values[None].astype(np.float32), as_values, 'lut')[0] * 255).astype(np.uint8)


def _to_levels(intensities: npt.NDArray[np.float32], top: int) -> npt.NDArray[np.uint8 | np.uint16]:
    levels = intensities * np.float32(top)
    return np.rint(levels, out=levels).astype(np.uint8 if top <= 255 else np.uint16)
