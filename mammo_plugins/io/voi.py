"""From stored values to intensities in [0, 1] with dense tissue bright.

The steps are those of the standard's grayscale pipeline: modality transform (rescale or table), values of interest
(VOI: table or window), polarity (MONOCHROME1), padding. Policies:

========  ======================================================================================================
auto      images made for the eye: the first stored VOI table, else the first stored window with its stored
          function, else as ``none``; raw images (FOR PROCESSING): from the image's smallest to its largest value,
          padding left out
none      all values that Bits Stored allows, linearly
window    the first stored window with its stored function; an error where there is none
lut       the first stored VOI table; an error where there is none
sigmoid   the first stored window, its function taken as SIGMOID; an error where there is none
========  ======================================================================================================

``none`` rather than the observed range is the rule for images without a window because it does not depend on the other
slices: a slice looks the same whether it is read alone or with its volume.

Source: DICOM PS3.3 C.11.1 (modality LUT), C.11.2 (VOI LUT), C.7.6.3.1.2 (photometric interpretation), C.7.5.1.1.2
(pixel padding), PS3.4 N.2 (grayscale transformations).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

VOI_POLICIES = ('auto', 'none', 'window', 'lut', 'sigmoid')


@dataclass(frozen=True)
class Window:
    """A window over values after the modality transform; ``function`` is LINEAR, LINEAR_EXACT or SIGMOID."""

    center: float
    width: float
    function: str = 'LINEAR'

    def apply(self, values: npt.NDArray[np.float32], function: str | None = None) -> npt.NDArray[np.float32]:
        """Intensities in [0, 1], by another function where one is given.

        Source: DICOM PS3.3 C.11.2.1.2.1 (LINEAR), C.11.2.1.3.1 (SIGMOID), C.11.2.1.3.2 (LINEAR_EXACT).
        """
        function = function or self.function
        if function == 'SIGMOID':
            shown = values - np.float32(self.center)
            shown *= np.float32(-4.0)
            shown /= np.float32(self.width)
            np.exp(np.clip(shown, -80.0, 80.0, out=shown), out=shown)
            shown += np.float32(1.0)
            return np.divide(np.float32(1.0), shown, out=shown)
        if function == 'LINEAR_EXACT':
            return _ramp(values, self.center, self.width, 0.5)
        if self.width <= 1.0:  # the slope of LINEAR is 1 / (width - 1): a step
            return (values > self.center - 0.5).astype(np.float32)
        return _ramp(values, self.center - 0.5, self.width - 1.0, 0.5)


@dataclass(frozen=True)
class LookUpTable:
    """A table whose first entry is for the value ``first_mapped``; values outside take the nearest entry."""

    first_mapped: int
    entries: npt.NDArray[np.float32]
    max_entry: float

    def apply(self, values: npt.NDArray) -> npt.NDArray[np.float32]:
        """Entries of the table, as stored."""
        shown = np.empty(values.shape, np.float32)
        rows = (-1, values.shape[-1])
        # A film has 40 million pixels: only a row of places is held.
        for row, entries in zip(values.reshape(rows), shown.reshape(rows)):
            places = np.rint(row).astype(np.int64) - self.first_mapped
            np.take(self.entries, np.clip(places, 0, len(self.entries) - 1), out=entries)
        return shown


@dataclass(frozen=True)
class IntensityRules:
    """How the header of a frame asks for its values to be shown.

    Attributes:
        bits_stored, is_signed: range of the stored values.
        slope, intercept: modality transform, where there is no ``modality_table``.
        is_inverted: MONOCHROME1: the lowest value is the brightest.
        padding: (lowest, highest) stored value of pixels that belong to no image, or None.
        window, voi_table: the first usable one of each, or None.
        for_processing: raw image, not made for the eye.
        doubts: what is odd about the header's rules, and what was used instead.
    """

    bits_stored: int
    is_signed: bool = False
    slope: float = 1.0
    intercept: float = 0.0
    modality_table: LookUpTable | None = None
    is_inverted: bool = False
    padding: tuple[int, int] | None = None
    window: Window | None = None
    voi_table: LookUpTable | None = None
    for_processing: bool = False
    doubts: tuple[str, ...] = ()

    @property
    def value_range(self) -> tuple[float, float]:
        """Lowest and highest value that the modality transform can give."""
        if self.modality_table is not None:
            return 0.0, self.modality_table.max_entry
        low = -(2 ** (self.bits_stored - 1)) if self.is_signed else 0
        ends = [stored * self.slope + self.intercept for stored in (low, low + 2**self.bits_stored - 1)]
        return min(ends), max(ends)


def check_policy(voi: str) -> None:
    """Refuses an unknown policy.

    Raises:
        ValueError: unknown name.
    """
    if voi not in VOI_POLICIES:
        raise ValueError(f'unknown VOI policy {voi!r}: expected one of {", ".join(VOI_POLICIES)}')


def to_intensities(stored: npt.NDArray, rules: IntensityRules, voi: str = 'auto') -> npt.NDArray[np.float32]:
    """Intensities (H, W) in [0, 1] of stored values (H, W): background 0, dense tissue bright.

    Raises:
        ValueError: the policy is unknown, or the header holds no window or table that it needs.
    """
    check_policy(voi)
    if rules.modality_table is not None:
        values = rules.modality_table.apply(stored)
    else:
        values = stored.astype(np.float32)
        values *= np.float32(rules.slope)
        values += np.float32(rules.intercept)
    background = _is_padding(stored, rules)
    intensities = _apply_voi(values, background, rules, voi)
    if rules.is_inverted:
        np.subtract(1.0, intensities, out=intensities)
    if background is not None:
        intensities[background] = 0
    return np.ascontiguousarray(intensities, dtype=np.float32)


def _apply_voi(
    values: npt.NDArray[np.float32], background: npt.NDArray[np.bool_] | None, rules: IntensityRules, voi: str
) -> npt.NDArray[np.float32]:
    if voi == 'auto':
        if rules.for_processing:
            return _stretch(values, *_observed_range(values, background))
        voi = 'lut' if rules.voi_table is not None else 'window' if rules.window is not None else 'none'
    if voi == 'lut':
        if rules.voi_table is None:
            raise ValueError('the header holds no VOI LUT Sequence (0028,3010): use voi="auto" or voi="none"')
        shown = rules.voi_table.apply(values)
        shown /= np.float32(rules.voi_table.max_entry)
        return np.clip(shown, 0.0, 1.0, out=shown)
    if voi in ('window', 'sigmoid'):
        if rules.window is None:
            raise ValueError('the header holds no usable Window Center (0028,1050): use voi="auto" or voi="none"')
        return rules.window.apply(values, 'SIGMOID' if voi == 'sigmoid' else None)
    return _stretch(values, *rules.value_range)


def _is_padding(stored: npt.NDArray, rules: IntensityRules) -> npt.NDArray[np.bool_] | None:
    if rules.padding is None:
        return None
    low, high = rules.padding
    return (stored >= low) & (stored <= high)


def _observed_range(values: npt.NDArray[np.float32], background: npt.NDArray[np.bool_] | None) -> tuple[float, float]:
    inside = values if background is None else values[~background]
    return (float(inside.min()), float(inside.max())) if inside.size else (0.0, 0.0)


def _stretch(values: npt.NDArray[np.float32], low: float, high: float) -> npt.NDArray[np.float32]:
    if high <= low:
        return np.zeros_like(values)
    return _ramp(values, np.float32(low), np.float32(high - low))


def _ramp(values: npt.NDArray[np.float32], start: float, width: float, offset: float = 0.0) -> npt.NDArray[np.float32]:
    """``(values - start) / width + offset`` in [0, 1]; one array more is held, since a film has 40 million pixels."""
    shown = values - start
    shown /= width
    shown += offset
    return np.clip(shown, 0.0, 1.0, out=shown)
