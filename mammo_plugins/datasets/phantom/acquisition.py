"""X-ray acquisition: line integrals, quantum noise and scatter.

Rays are parallel for each tube position; the tube travels along the image rows' direction (parallel to the chest
wall), so tilting it by an angle shifts a slice at height z by ``z * tan(angle)`` along the rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from .lesion_rendering import LesionPatch
from .settings import ImagingSettings
from .tissue import ADIPOSE, ViewTissue
from .vendor_style import VendorStyle
from .wide_blur import blur_wide

_REFERENCE_MM = 50.0
_SCATTER_TO_PRIMARY = 0.12
"""With an anti-scatter grid. Source: Boone et al., "Scatter/primary in mammography", Med. Phys. 27 (2000)."""
_SCATTER_MM = 12.0
_DETECTOR_BLUR_PIXELS = 0.45


@dataclass(frozen=True)
class Projections:
    """What the detector saw, as line integrals of the attenuation above fat (no unit).

    Attributes:
        mammogram: (H, W) the full-dose exposure at angle 0.
        tomosynthesis: (N, H, W) the low-dose exposures.
        tangents: (N,) tangents of the tube's angles.
    """

    mammogram: np.ndarray
    tomosynthesis: np.ndarray
    tangents: np.ndarray


def tube_tangents(vendor: VendorStyle) -> np.ndarray:
    """Tangents of the tube's angles, evenly spaced over the vendor's sweep."""
    limit = np.tan(np.deg2rad(vendor.sweep_deg / 2))
    return np.linspace(-limit, limit, vendor.num_projections)


def acquire(
    tissue: ViewTissue,
    patches: Iterable[LesionPatch],
    imaging: ImagingSettings,
    vendor: VendorStyle,
    rng: np.random.Generator,
) -> Projections:
    """Images a breast with its findings; one slice is in memory at a time."""
    patches = list(patches)
    tangents = tube_tangents(vendor)
    mammogram = np.zeros(tissue.shape, dtype=np.float32)
    tomosynthesis = np.zeros((len(tangents), *tissue.shape), dtype=np.float32)
    slice_mm = tissue.view.slice_mm
    for index, z_mm in enumerate(tissue.view.slice_z_mm):
        excess = tissue.slice(index)
        for patch in patches:
            patch.paint(excess, index)
        excess *= np.float32(slice_mm)
        mammogram += excess
        for projection, tangent in zip(tomosynthesis, tangents):
            add_shifted(projection, excess, z_mm * tangent / tissue.view.pixel_mm, imaging.exact_shifts)
    fat = 2 * ADIPOSE * tissue.view.half_thickness_mm[:, : tissue.shape[1]]
    exposed = _expose_mammogram(mammogram, fat, imaging, tissue.view.pixel_mm, vendor, rng)
    for projection in tomosynthesis:
        projection += _quantum_noise(projection + fat, imaging.dbt_noise * vendor.noise, rng)
    return Projections(exposed, tomosynthesis, tangents)


def add_shifted(target: np.ndarray, image: np.ndarray, rows: float, exact: bool) -> None:
    """Adds ``image`` moved down by ``rows`` to ``target`` (H, W) float32, in place.

    Args:
        target: where to add; what moves over the edge is lost.
        image: same shape.
        rows: distance, fractions allowed.
        exact: interpolate linearly for fractions; otherwise move by whole rows.
    """
    if not exact:
        rows = round(rows)
    whole = int(np.floor(rows))
    fraction = float(rows - whole)
    _add_moved(target, image, whole, 1 - fraction)
    if fraction > 0:
        _add_moved(target, image, whole + 1, fraction)


def _add_moved(target: np.ndarray, image: np.ndarray, rows: int, weight: float) -> None:
    height = len(target)
    if abs(rows) >= height:
        return
    source = image[max(0, -rows) : height - max(0, rows)]
    goal = target[max(0, rows) : height - max(0, -rows)]
    cv2.scaleAdd(source, weight, goal, goal)


def _expose_mammogram(
    integral: np.ndarray,
    fat: np.ndarray,
    imaging: ImagingSettings,
    pixel_mm: float,
    vendor: VendorStyle,
    rng: np.random.Generator,
) -> np.ndarray:
    """Detector signal of the mammogram, logged and freed of the fat's part (thickness equalisation)."""
    primary = np.exp(-(integral + fat))
    scatter = _SCATTER_TO_PRIMARY * blur_wide(primary, _SCATTER_MM / pixel_mm)
    signal = cv2.GaussianBlur(primary + scatter, (0, 0), _DETECTOR_BLUR_PIXELS)
    fat_signal = np.exp(-fat)
    fat_signal = fat_signal + _SCATTER_TO_PRIMARY * blur_wide(fat_signal, _SCATTER_MM / pixel_mm)
    logged = np.log(fat_signal) - np.log(signal)
    return logged + _quantum_noise(integral + fat, imaging.ffdm_noise * vendor.noise, rng)


def _quantum_noise(integral: np.ndarray, deviation: float, rng: np.random.Generator) -> np.ndarray:
    """Noise of the log signal: its variance is the inverse of the photon count, which falls with attenuation."""
    noise = rng.standard_normal(integral.shape, dtype=np.float32)
    return noise * np.float32(deviation) * np.exp((integral - np.float32(ADIPOSE * _REFERENCE_MM)) / 2)
