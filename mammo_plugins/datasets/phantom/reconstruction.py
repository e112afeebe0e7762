"""Limited-angle reconstruction of slices, and the synthetic mammogram.

Filtered backprojection by shift-and-add: each projection is filtered along the tube's travel and the slices are sums
of shifted projections. Structures of other slices stay as faint ghosts moved along the rows, the more so the larger
they are, as in clinical tomosynthesis.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import numpy as np
from scipy import fft

from .acquisition import add_shifted
from .compression import CompressedView

_HIGHEST_FREQUENCY = 2.5
"""Where the window that limits noise ends, cycles/mm."""
_SLAB_SLICES = 3


def filter_projections(projections: np.ndarray, tangents: np.ndarray, view: CompressedView) -> np.ndarray:
    """Filtered projections (N, H, W) of a sweep; their shifted mean has the unit of attenuation, 1/mm."""
    height = projections.shape[1]
    padding = height // 4
    padded = np.pad(projections, ((0, 0), (padding, padding), (0, 0)), mode='edge')
    length = fft.next_fast_len(padded.shape[1], real=True)
    frequency = fft.rfftfreq(length, d=view.pixel_mm).astype(np.float32)
    response = filter_response(frequency, float(tangents.max()), view.thickness_mm, view.slice_mm)
    filtered = np.empty_like(projections)
    for index, projection in enumerate(padded):
        spectrum = fft.rfft(projection, n=length, axis=0) * response[:, None]
        filtered[index] = fft.irfft(spectrum, n=length, axis=0)[padding : padding + height]
    return filtered


def filter_response(frequency: np.ndarray, largest_tangent: float, thickness_mm: float, slice_mm: float) -> np.ndarray:
    """Gain of the reconstruction filter, 1/mm, at frequencies in cycles/mm along the tube's travel.

    The ideal filter of a sweep with tangents in ``-t..t`` is the ramp ``2 t |f|``. Below the frequency at which the
    wedge of measured frequencies is thinner than the breast, nothing tells slices apart, and the filter is the mean
    over the thickness. Above the one at which details are resolved to a slice, it stays flat (slice-thickness filter),
    and a Hann window limits noise.

    Source: Lauritsch and Haerer, "A theoretical framework for filtered backprojection in tomosynthesis", SPIE 3338
        (1998), spectral, slice-thickness and inversion filters.
    """
    ramp = np.hypot(2 * largest_tangent * frequency, 1 / thickness_mm)
    highest = min(frequency[-1], _HIGHEST_FREQUENCY)
    window = np.where(frequency <= highest, 0.5 + 0.5 * np.cos(np.pi * frequency / highest), 0)
    return (np.minimum(ramp, 1 / slice_mm) * window).astype(np.float32)


def reconstruct_slices(
    filtered: np.ndarray, tangents: np.ndarray, view: CompressedView, exact_shifts: bool
) -> Iterator[np.ndarray]:
    """Slices from below upwards, float32 (H, W) attenuation above fat in 1/mm, one at a time."""
    for z_mm in view.slice_z_mm:
        total = np.zeros(filtered.shape[1:], dtype=np.float32)
        for projection, tangent in zip(filtered, tangents):
            add_shifted(total, projection, -z_mm * tangent / view.pixel_mm, exact_shifts)
        yield total / np.float32(len(filtered))


def synthesize(projections: np.ndarray, tangents: np.ndarray, view: CompressedView, exact_shifts: bool) -> np.ndarray:
    """The synthetic mammogram (H, W) of projections (N, H, W) of a sweep."""
    synthetic, filtered = SyntheticMammogram(), filter_projections(projections, tangents, view)
    for slice_image in reconstruct_slices(filtered, tangents, view, exact_shifts):
        synthetic.add(slice_image)
    return synthetic.image()


class SyntheticMammogram:
    """Collects slices into a synthetic mammogram: their mean, and the maximum over thin slabs.

    The mean looks like a mammogram; the maximum brings back what stands out in a few slices only. Slabs rather than
    slices keep noise from filling the maximum.

    Args:
        maximum_share: weight of the maximum.
    """

    def __init__(self, maximum_share: float = 0.35) -> None:
        self._maximum_share = maximum_share
        self._count = 0
        self._sum: np.ndarray | None = None
        self._maximum: np.ndarray | None = None
        self._slab: deque[np.ndarray] = deque(maxlen=_SLAB_SLICES)

    def add(self, slice_image: np.ndarray) -> None:
        """Takes the next slice, float32 (H, W)."""
        self._count += 1
        self._slab.append(slice_image)
        slab = sum(self._slab) / np.float32(len(self._slab))
        if self._sum is None:
            self._sum, self._maximum = slice_image.copy(), slab
        else:
            self._sum += slice_image
            np.maximum(self._maximum, slab, out=self._maximum)

    def image(self) -> np.ndarray:
        """The synthetic mammogram, float32 (H, W), in the unit of the slices.

        Raises:
            ValueError: no slice was added.
        """
        if self._sum is None:
            raise ValueError('a synthetic mammogram needs at least one slice: call add() first')
        mean = self._sum / np.float32(self._count)
        return 2 * (1 - self._maximum_share) * mean + self._maximum_share * self._maximum
