"""Findings as voxels of a view.

The outline of a finding is a function of the displacement from its centre *in the breast frame*, so the CC and the MLO
patch are two sections through one body. Patches are small: everything outside of :attr:`Finding.reach_mm` is left out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from .compression import CompressedView
from .findings import Finding, FindingShape
from .tissue import GLANDULAR

_CALCIUM = 1.9
"""Linear attenuation of calcium oxalate and apatite above fat at 20 keV, 1/mm. Source: Fandos-Morera et al. (1988)."""
_FINEST_RENDER_MM = 0.3


@dataclass(frozen=True)
class LesionPatch:
    """A finding's voxels in a view.

    Attributes:
        finding: what is drawn.
        top, left, first_slice: where the patch lies in the volume.
        share: (n, h, w) share of each voxel that the lesion replaces, 0..1.
        target: (n, h, w) or scalar attenuation above fat of the replacing tissue, 1/mm.
        extra: (n, h, w) attenuation added on top (calcifications), 1/mm, or None.
        silhouette: (h, w) bool, the projected extent that a reader would outline.
        slice_extent: (n,) area of the finding in each slice, in arbitrary units.
    """

    finding: Finding
    top: int
    left: int
    first_slice: int
    share: np.ndarray
    target: np.ndarray | float
    extra: np.ndarray | None
    silhouette: np.ndarray
    slice_extent: np.ndarray

    def paint(self, excess: np.ndarray, index: int) -> None:
        """Draws the finding into slice ``index`` of a volume, float32 (H, W), in place."""
        layer = index - self.first_slice
        if not 0 <= layer < len(self.share):
            return
        height, width = self.silhouette.shape
        region = excess[self.top : self.top + height, self.left : self.left + width]
        target = self.target[layer] if isinstance(self.target, np.ndarray) else self.target
        region += self.share[layer] * (target - region)
        if self.extra is not None:
            region += self.extra[layer]

    def faded(self, contrast: float) -> LesionPatch:
        """The same patch with its contrast to the tissue around it multiplied."""
        if contrast == 1:
            return self
        extra = None if self.extra is None else self.extra * np.float32(contrast)
        return replace(self, share=self.share * np.float32(contrast), extra=extra)

    @property
    def best_slice(self) -> int:
        """The slice in which the finding is largest."""
        return self.first_slice + int(np.argmax(self.slice_extent))


def render_finding(finding: Finding, view: CompressedView) -> LesionPatch:
    """Draws a finding on the voxel grid of a view."""
    window = _Window.around(finding, view)
    rng = np.random.default_rng(finding.seed)
    if finding.shape.kind == 'calcification':
        share, target, extra, silhouette = _draw_calcifications(finding, window, rng)
    elif finding.shape is FindingShape.DISTORTION:
        share, target, silhouette = _draw_distortion(finding, window, rng)
        extra = None
    else:
        share, target, silhouette = _draw_mass(finding, window, rng)
        extra = None
    visible = share if extra is None else extra
    return LesionPatch(
        finding,
        window.top,
        window.left,
        window.first_slice,
        share,
        target,
        extra,
        window.crop(silhouette.astype(np.float32)) > 0.5,
        visible.sum(axis=(1, 2)),
    )


@dataclass(frozen=True)
class _Window:
    """The block of voxels around a finding, rendered on a grid that is at most :data:`_FINEST_RENDER_MM` fine."""

    view: CompressedView
    top: int
    left: int
    first_slice: int
    shape: tuple[int, int, int]
    stride: int
    offsets_mm: tuple[np.ndarray, np.ndarray, np.ndarray]

    @classmethod
    def around(cls, finding: Finding, view: CompressedView) -> _Window:
        """The part of a view's grid that a finding reaches."""
        x_mm, r_mm, z_mm = (float(value) for value in view.to_view_mm(np.array([finding.centre]))[0])
        row, column = (float(value) for value in view.to_pixels(x_mm, r_mm))
        reach = finding.reach_mm / view.pixel_mm + 2
        height, width = view.skin_distance_mm.shape[0], view.columns_used
        top, bottom = max(0, int(row - reach)), min(height, int(np.ceil(row + reach)))
        left, right = max(0, int(column - reach)), min(width, int(np.ceil(column + reach)))
        centre_slice = (z_mm - view.slice_z_mm[0]) / view.slice_mm
        reach_slices = finding.reach_mm / view.slice_mm + 1
        first = max(0, int(np.floor(centre_slice - reach_slices)))
        last = min(len(view.slice_z_mm) - 1, int(np.ceil(centre_slice + reach_slices)))
        stride = max(1, int(_FINEST_RENDER_MM / view.pixel_mm))
        rows = np.arange(top + stride / 2, bottom + stride / 2, stride, dtype=np.float32)
        columns = np.arange(left + stride / 2, right + stride / 2, stride, dtype=np.float32)
        z, r, x = np.meshgrid(
            view.slice_z_mm[first : last + 1] - np.float32(z_mm),
            (np.float32(row) - rows) * np.float32(view.pixel_mm),
            (columns - np.float32(column)) * np.float32(view.pixel_mm),
            indexing='ij',
        )
        return cls(view, top, left, first, (last + 1 - first, bottom - top, right - left), stride, (x, r, z))

    @property
    def breast_offsets_mm(self) -> tuple[np.ndarray, ...]:
        """Displacements from the finding's centre along the axes of the breast frame."""
        return self.view.offsets_to_breast(*self.offsets_mm)

    @property
    def blur_mm(self) -> float:
        """Half width of the narrowest edge that the grid can hold."""
        return 0.6 * self.view.pixel_mm * self.stride

    def crop(self, image: np.ndarray) -> np.ndarray:
        """Brings a layer (h, w) or layers (n, h, w) of the render grid to the voxel grid."""
        _, height, width = self.shape
        if self.stride == 1:
            return image
        layers = image if image.ndim == 3 else image[None]
        size = (layers.shape[2] * self.stride, layers.shape[1] * self.stride)
        fine = np.stack([cv2.resize(layer, size, interpolation=cv2.INTER_LINEAR)[:height, :width] for layer in layers])
        return fine if image.ndim == 3 else fine[0]


def _draw_mass(finding: Finding, window: _Window, rng: np.random.Generator) -> tuple:
    """A lobulated body; malignant ones are rough, and spiculated ones grow tapering rays."""
    x, y, w = window.breast_offsets_mm
    stretch = rng.uniform(0.85, 1.18, 3)
    x, y, w = x * stretch[0], y * stretch[1], w * stretch[2]
    distance = np.sqrt(x * x + y * y + w * w) + np.float32(1e-3)
    rough = {FindingShape.SPICULATED: 0.16, FindingShape.IRREGULAR: 0.26}.get(finding.shape, 0.05)
    radius = finding.radius_mm * (1 + rough * _bumps((x / distance, y / distance, w / distance), rng))
    soft = window.blur_mm + (0.12 * finding.radius_mm if finding.malignant else 0.03 * finding.radius_mm)
    share = 1 / (1 + np.exp(np.clip((distance - radius) / np.float32(0.5 * soft), -30, 30)))
    silhouette = _outline(share, 0.5)
    if finding.shape is FindingShape.SPICULATED:
        rays = _rays(
            (x, y, w),
            rng,
            int(rng.integers(16, 26)),
            0.6 * finding.radius_mm,
            (1.4 * finding.radius_mm, finding.reach_mm),
            0.35 + 0.7 * window.blur_mm,
        )
        share = np.maximum(share, 0.85 * rays)
        in_plane = np.sqrt(window.offsets_mm[0][0] ** 2 + window.offsets_mm[1][0] ** 2)
        silhouette = _outline(share, 0.4) & (in_plane < 1.7 * finding.radius_mm)
    target = np.float32(finding.density * GLANDULAR)
    if finding.shape is FindingShape.LYMPH_NODE:
        hilum = np.exp(-((x - 0.35 * finding.radius_mm) ** 2 + y * y + w * w) / (2 * (0.38 * finding.radius_mm) ** 2))
        target = window.crop((target * (1 - 0.9 * hilum)).astype(np.float32))
    return window.crop(share.astype(np.float32)), target, silhouette


def _outline(share: np.ndarray, level: float) -> np.ndarray:
    """(h, w) bool, where voxels (n, h, w) are filled so far.

    Between two thick slices no voxel may be: then it is where one is half as full as the fullest.
    """
    return share.max(0) > (level if share.max() > level else 0.5 * share.max())


def _draw_distortion(finding: Finding, window: _Window, rng: np.random.Generator) -> tuple:
    """Lines that radiate from an empty centre."""
    offsets = window.breast_offsets_mm
    lines = _rays(
        offsets,
        rng,
        int(rng.integers(50, 65)),
        0.1 * finding.radius_mm,
        (0.8 * finding.radius_mm, 1.3 * finding.radius_mm),
        0.3 + 0.9 * window.blur_mm,
    )
    in_plane = np.sqrt(window.offsets_mm[0][0] ** 2 + window.offsets_mm[1][0] ** 2)
    target = np.float32(finding.density * GLANDULAR)
    return window.crop(lines.astype(np.float32)), target, in_plane < finding.radius_mm


def _draw_calcifications(finding: Finding, window: _Window, rng: np.random.Generator) -> tuple:
    """Specks of calcium: many small and uneven ones if fine, few large and round ones if coarse."""
    fine = finding.shape is FindingShape.FINE_CALCIFICATIONS
    count = int(rng.integers(14, 28)) if fine else int(rng.integers(2, 6))
    offsets = rng.normal(0, 0.42, (count, 3)) * finding.radius_mm * rng.uniform(0.7, 1.2, 3)
    diameters_mm = finding.density * rng.uniform(0.65, 1.35, count)
    x, r, z = window.view.offsets_to_view(*offsets.T.astype(np.float32))
    extra = np.zeros(window.offsets_mm[0].shape, dtype=np.float32)
    grid_x, grid_r = window.offsets_mm[0][0], window.offsets_mm[1][0]
    layers_mm = window.offsets_mm[2][:, 0, 0]
    silhouette = np.zeros(grid_x.shape, dtype=bool)
    render_mm = window.view.pixel_mm * window.stride
    for number, diameter in enumerate(diameters_mm):
        sigma = max(diameter / 2.6, 0.42 * render_mm)
        spot = np.exp(-((grid_x - x[number]) ** 2 + (grid_r - r[number]) ** 2) / (2 * sigma**2))
        reach_mm = max(diameter, window.view.slice_mm)
        weights = np.clip(1 - np.abs(layers_mm - z[number]) / reach_mm, 0, None)
        volume = np.pi / 6 * diameter**3
        height = _CALCIUM * volume / (2 * np.pi * sigma**2 * window.view.slice_mm * max(weights.sum(), 1e-6))
        extra += (weights[:, None, None] * (height * spot)[None]).astype(np.float32)
        silhouette |= (grid_x - x[number]) ** 2 + (grid_r - r[number]) ** 2 < (diameter / 2 + 1.2 * render_mm) ** 2
    hull = np.zeros(silhouette.shape, dtype=np.uint8)
    corners = cv2.convexHull(np.argwhere(silhouette)[:, ::-1].astype(np.int32))
    cv2.fillConvexPoly(hull, corners, 1)
    extra = window.crop(extra)
    return np.zeros_like(extra), np.float32(0), extra, hull > 0


def _bumps(direction: tuple[np.ndarray, ...], rng: np.random.Generator, waves: int = 7) -> np.ndarray:
    """Smooth random function of a direction, variance about 1."""
    total = np.zeros_like(direction[0])
    for _ in range(waves):
        wave = rng.normal(0, 2.4, 3).astype(np.float32)
        total += np.cos(
            wave[0] * direction[0]
            + wave[1] * direction[1]
            + wave[2] * direction[2]
            + np.float32(rng.uniform(0, 2 * np.pi))
        )
    return total * np.float32(np.sqrt(2 / waves))


def _rays(
    offsets_mm: tuple[np.ndarray, ...],
    rng: np.random.Generator,
    count: int,
    start_mm: float,
    length_mm: tuple[float, float],
    width_mm: float,
) -> np.ndarray:
    """Tapering lines from the centre outwards, share 0..1."""
    x, y, w = offsets_mm
    squared = x * x + y * y + w * w
    rays = np.zeros_like(x)
    for _ in range(count):
        heading = rng.normal(size=3)
        heading = (heading / np.linalg.norm(heading)).astype(np.float32)
        length = np.float32(rng.uniform(*length_mm))
        along = x * heading[0] + y * heading[1] + w * heading[2]
        taper = np.clip((length - along) / (length - np.float32(start_mm)), 0, 1) * (along > start_mm)
        aside = np.clip(squared - along * along, 0, None)
        np.maximum(rays, np.exp(-aside / np.float32(2 * (0.6 * width_mm) ** 2)) * np.sqrt(taper), out=rays)
    return rays
