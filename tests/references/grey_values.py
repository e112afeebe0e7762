"""The grey scale pipeline pixel by pixel, on plain numbers, written from DICOM PS3.5 8.1.1, PS3.3 C.11.1 and C.11.2."""

from __future__ import annotations

from dataclasses import dataclass

from .voi import FUNCTIONS


@dataclass(frozen=True)
class Grey:
    """What a header says; tables are (first mapped value, entries, bits an entry)."""

    bits_stored: int
    high_bit: int
    is_signed: bool
    slope: float = 1.0
    intercept: float = 0.0
    modality_table: tuple[int, list[int], int] | None = None
    voi_table: tuple[int, list[int], int] | None = None
    window: tuple[str, float, float] | None = None
    is_inverted: bool = False


def intensity(word: int, grey: Grey) -> float:
    """From 0 to 1, of a word as an unsigned number."""
    stored = 0
    for place in range(grey.bits_stored):
        bit = (word >> (grey.high_bit - place)) & 1
        weight = 2 ** (grey.bits_stored - 1 - place)
        stored += -bit * weight if grey.is_signed and place == 0 else bit * weight
    value = stored * grey.slope + grey.intercept
    if grey.modality_table is not None:
        value = _look_up(stored, grey.modality_table)
    if grey.voi_table is not None:
        shown = _look_up(round(value), grey.voi_table) / (2 ** grey.voi_table[2] - 1)
    elif grey.window is not None:
        function, center, width = grey.window
        shown = FUNCTIONS[function](value, center, width)
    else:
        lowest, highest = value_range(grey)
        shown = (value - lowest) / (highest - lowest)
    return 1 - shown if grey.is_inverted else shown


def value_range(grey: Grey) -> tuple[float, float]:
    """Lowest and highest value that can be shown."""
    if grey.modality_table is not None:
        return 0, 2 ** grey.modality_table[2] - 1
    first = -(2 ** (grey.bits_stored - 1)) if grey.is_signed else 0
    ends = [(first + k) * grey.slope + grey.intercept for k in (0, 2**grey.bits_stored - 1)]
    return min(ends), max(ends)


def _look_up(value: int, table: tuple[int, list[int], int]) -> int:
    first, entries, _ = table
    if value < first:
        return entries[0]
    return entries[-1] if value >= first + len(entries) else entries[value - first]
