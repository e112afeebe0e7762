"""Reduction of a volume's slices to bins along z, and the way back."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SliceBins:
    """A partition of ``num_slices`` source slices into ``num_bins`` consecutive bins.

    Bins are disjoint and as even as possible, so each source slice has exactly one bin (adaptive pooling as PyTorch
    does it lets neighbouring bins share a slice, which would make the ground-truth bin ambiguous). A volume with fewer
    slices than bins keeps one slice a bin.

    Source: M&M-3D, section 4.1 (z-resolution 16 by max pooling, prediction at the middle slice of the region).

    Args:
        num_slices: slices of the source file, at least 1.
        num_bins: bins, at least 1 and at most ``num_slices``.

    Raises:
        ValueError: a count is out of range.
    """

    num_slices: int
    num_bins: int

    def __post_init__(self) -> None:
        if not 1 <= self.num_bins <= self.num_slices:
            raise ValueError(
                f'{self.num_bins} bins cannot partition {self.num_slices} slices: need 1 <= bins <= slices'
            )

    @classmethod
    def at_most(cls, num_slices: int, max_bins: int) -> SliceBins:
        """The partition into ``max_bins`` bins, or into single slices where there are fewer."""
        return cls(num_slices, min(num_slices, max_bins))

    def first(self, bin_index: int) -> int:
        """First source slice of a bin."""
        self._check(bin_index, self.num_bins, 'bin')
        return bin_index * self.num_slices // self.num_bins

    def last(self, bin_index: int) -> int:
        """Last source slice of a bin."""
        self._check(bin_index, self.num_bins, 'bin')
        return (bin_index + 1) * self.num_slices // self.num_bins - 1

    def middle(self, bin_index: int) -> int:
        """The source slice that stands for a bin; the lower one of two middles."""
        return (self.first(bin_index) + self.last(bin_index)) // 2

    def bin_of(self, slice_index: int) -> int:
        """The bin that holds a source slice."""
        self._check(slice_index, self.num_slices, 'slice')
        return ((slice_index + 1) * self.num_bins - 1) // self.num_slices

    @staticmethod
    def _check(index: int, count: int, what: str) -> None:
        if not 0 <= index < count:
            raise ValueError(f'{what} {index} is outside 0..{count - 1}')
