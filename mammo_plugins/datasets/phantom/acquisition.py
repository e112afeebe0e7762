"""X-ray acquisition: line integrals, quantum noise and scatter.

Rays are parallel for each tube position; the tube travels along the image rows' direction (parallel to the chest
wall), so tilting it by an angle shifts a slice at height z by ``z * tan(angle)`` along the rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .lesion_rendering import LesionPatch
from .settings import ImagingSettings
from .tissue import ADIPOSE, ViewTissue
from .vendor_style import VendorStyle
from .visibility import Scene
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
        synthetic: (N, H, W) as ``tomosynthesis``, of what the synthetic mammogram shows; the same array where that is
            the same.
    """

    mammogram: np.ndarray
    tomosynthesis: np.ndarray
    tangents: np.ndarray
    synthetic: np.ndarray


def tube_tangents(vendor: VendorStyle) -> np.ndarray:
    """Tangents of the tube's angles, evenly spaced over the vendor's sweep."""
    limit = np.tan(np.deg2rad(vendor.sweep_deg / 2))
    return np.linspace(-limit, limit, vendor.num_projections)


def acquire(
    tissue: ViewTissue, scene: Scene, imaging: ImagingSettings, vendor: VendorStyle, rng: np.random.Generator
) -> Projections:
    """Images a breast with what is drawn into it; one slice is in memory at a time."""
    tangents = tube_tangents(vendor)
    mammogram = np.zeros(tissue.shape, dtype=np.float32)
    tomosynthesis = np.zeros((len(tangents), *tissue.shape), dtype=np.float32)
    synthetic = tomosynthesis if scene.sm is scene.dbt else np.zeros_like(tomosynthesis)
    slice_mm, pixel_mm = tissue.view.slice_mm, tissue.view.pixel_mm
    for index, z_mm in enumerate(tissue.view.slice_z_mm):
        plain = tissue.slice(index)
        excess = _painted(plain, scene.dbt, index, slice_mm)
        mammogram += excess if scene.ffdm is scene.dbt else _painted(plain, scene.ffdm, index, slice_mm)
        _project(tomosynthesis, excess, z_mm * tangents / pixel_mm, imaging)
        if synthetic is not tomosynthesis:
            _project(synthetic, _painted(plain, scene.sm, index, slice_mm), z_mm * tangents / pixel_mm, imaging)
    fat = 2 * ADIPOSE * tissue.view.half_thickness_mm[:, : tissue.shape[1]]
    exposed = _expose_mammogram(mammogram, fat, imaging, pixel_mm, vendor, rng)
    for number, projection in enumerate(tomosynthesis):
        noise = _quantum_noise(projection + fat, imaging.dbt_noise * vendor.noise, rng)
        projection += noise
        if synthetic is not tomosynthesis:
            synthetic[number] += noise
    return Projections(exposed, tomosynthesis, tangents, synthetic)


def expose_mammogram(
    tissue: ViewTissue,
    patches: list[LesionPatch],
    imaging: ImagingSettings,
    vendor: VendorStyle,
    rng: np.random.Generator,
) -> np.ndarray:
    """The mammogram alone, (H, W); with the generator of :func:`acquire` its noise is the same."""
    integral = np.zeros(tissue.shape, dtype=np.float32)
    for index in range(tissue.num_slices):
        integral += _painted(tissue.slice(index), patches, index, tissue.view.slice_mm)
    fat = 2 * ADIPOSE * tissue.view.half_thickness_mm[:, : tissue.shape[1]]
    return _expose_mammogram(integral, fat, imaging, tissue.view.pixel_mm, vendor, rng)


def _painted(plain: np.ndarray, patches: list[LesionPatch], index: int, slice_mm: float) -> np.ndarray:
    """Line integral through slice ``index`` with patches drawn into it, float32 (H, W)."""
    excess = plain.copy()
    for patch in patches:
        patch.paint(excess, index)
    excess *= np.float32(slice_mm)
    return excess


def _project(projections: np.ndarray, excess: np.ndarray, shifts: np.ndarray, imaging: ImagingSettings) -> None:
    """Adds a slice to each projection (N, H, W), moved along the rows by its shift in pixels."""
    for projection, shift in zip(projections, shifts):
        add_shifted(projection, excess, shift, imaging.exact_shifts)


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
