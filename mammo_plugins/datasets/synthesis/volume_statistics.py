"""Mean and spread of a volume, slice by slice, and the grey scale that they give."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_SPREAD = 2.0  # standard deviations to either side of the mean


@dataclass(frozen=True)
class GreyScale:
    """Clips values and brings them to 0 to 1, linearly.

    Attributes:
        low, high: values below ``low`` become 0, values above ``high`` become ``high``.
        floor, ceiling: what becomes 0 and 1: the smallest and the largest value after that.
    """

    low: float
    high: float
    floor: float
    ceiling: float

    def apply(self, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """(H, W) in [0, 1]; all 0 where the volume is constant."""
        if self.ceiling <= self.floor:
            return np.zeros_like(values)
        clipped = np.where(values < np.float32(self.low), np.float32(0), np.minimum(values, np.float32(self.high)))
        scaled = (clipped - np.float32(self.floor)) / np.float32(self.ceiling - self.floor)
        return np.clip(scaled, 0.0, 1.0, out=scaled)  # rounding alone leaves the range


@dataclass(frozen=True)
class VolumeStatistics:
    """What one pass over a volume tells.

    Attributes:
        num_slices: how many there are.
        mean, standard_deviation: over all voxels, air included; the deviation is that of the population.
        minimum, maximum: smallest and largest value.
    """

    num_slices: int
    mean: float
    standard_deviation: float
    minimum: float
    maximum: float

    @property
    def is_constant(self) -> bool:
        """Whether all voxels are equal, so that nothing can be seen."""
        return self.maximum <= self.minimum

    def grey_scale(self) -> GreyScale:
        """Values below mean - 2 SD to 0, those above mean + 2 SD clipped, then from the smallest to the largest.

        Values are intensities of at least 0, so that the smallest is 0 where any is set to it.
        """
        low, high = (self.mean + sign * _SPREAD * self.standard_deviation for sign in (-1, 1))
        floor = 0.0 if self.minimum < low else self.minimum
        ceiling = floor if self.is_constant else min(self.maximum, high)
        return GreyScale(low, high, floor, ceiling)


def measure_slices(slices: Iterable[npt.NDArray[np.float32]]) -> VolumeStatistics:
    """Measures a volume whose slices (H, W) are in memory one at a time.

    Raises:
        ValueError: there is no slice.

    Source: Chan, Golub, LeVeque, Updating formulae and a pairwise algorithm for computing sample variances, 1979.
    """
    number, voxels, mean, squares = 0, 0, 0.0, 0.0
    minimum, maximum = np.inf, -np.inf
    for pixels in slices:
        own_mean, own_variance = pixels.mean(dtype=np.float64), pixels.var(dtype=np.float64)
        step, joined = own_mean - mean, voxels + pixels.size
        squares += own_variance * pixels.size + step**2 * voxels * pixels.size / joined
        mean += step * pixels.size / joined
        number, voxels = number + 1, joined
        minimum, maximum = min(minimum, float(pixels.min())), max(maximum, float(pixels.max()))
    if not number:
        raise ValueError('a volume without slices has no mean')
    return VolumeStatistics(number, float(mean), float(np.sqrt(squares / voxels)), minimum, maximum)
