"""Attenuation of a compressed breast, slice by slice, without findings.

All values are linear attenuation above that of adipose tissue, in 1/mm at about 20 keV, so fat is 0 and glandular
tissue :data:`GLANDULAR`. The gross layout is sampled from the breast frame on a coarse grid for the whole volume; each
slice is then brought to the detector's grid, roughened with fine texture of its own view and thresholded there, so
that borders stay crisp at any pixel spacing and no full-size volume is ever held.
"""

from __future__ import annotations

import cv2
import numpy as np

from .anatomy import glandular_share
from .compression import CompressedView
from .settings import ImagingSettings
from .texture import power_law_field, ramp_step

ADIPOSE = 0.046
"""Linear attenuation of adipose tissue, 1/mm. Source: Johns and Yaffe, Phys. Med. Biol. 32 (1987), 20 keV."""
GLANDULAR = 0.035
"""Linear attenuation of glandular tissue above adipose tissue, 1/mm. Source: as above."""
SKIN = 0.02
MUSCLE = 0.012
SKIN_MM = 1.7

_LOBULE_SHARE = 0.27
"""Attenuation inside of glandular lobules, in units of the strands between them."""
_STRAND_WIDTH = 0.3
_SHEET_WIDTH, _SHEET_SHARE = 0.14, 0.36
_FINE_TILE = 512
_VESSEL_SHADES, _VESSEL_SHARE = 255, 0.6


class ViewTissue:
    """Tissue of one view.

    Args:
        view: geometry of the view.
        imaging: pixel grid.
        rng: source of the view's own fine texture.
    """

    def __init__(self, view: CompressedView, imaging: ImagingSettings, rng: np.random.Generator) -> None:
        self.view = view
        self._stride = max(1, round(imaging.texture_mm / view.pixel_mm))
        self._shape = (imaging.rows, view.columns_used)
        self._gland, self._septa, self._brightness = self._sample_levels()
        self._fine = power_law_field((_FINE_TILE, _FINE_TILE), 2.2, rng, low_cut=view.pixel_mm / 8)
        self._fine_shifts = rng.integers(0, _FINE_TILE, (len(view.slice_z_mm) + 1, 2))
        self._muscle = self._muscle_texture(rng)
        self._vessels = self._place_vessels()

    @property
    def num_slices(self) -> int:
        return len(self.view.slice_z_mm)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of a slice: the columns beyond the breast are left out."""
        return self._shape

    def slice(self, index: int) -> np.ndarray:
        """Attenuation above fat of one slice, float32 (H, columns_used)."""
        distance, half = self._crop(self.view.skin_distance_mm), self._crop(self.view.half_thickness_mm)
        depth = np.clip((half - abs(self.view.slice_z_mm[index])) / self.view.slice_mm + 0.5, 0, 1) * (distance > 0)
        fine = self._fine_texture(index)
        gland = glandular_share(self._upsample(self._gland[index]) + 0.1 * fine)
        squared = self._upsample(self._septa[index]) ** 2
        strands = np.exp(squared * np.float32(-1 / _STRAND_WIDTH**2)) * self._upsample(self._brightness[index])
        sheets = _SHEET_SHARE * np.exp(squared * np.float32(-1 / _SHEET_WIDTH**2))
        parenchyma = gland * np.maximum(strands, _LOBULE_SHARE)
        tissue = np.maximum(parenchyma, sheets) + 0.035 * fine
        tissue = np.maximum(tissue, self._draw_vessels(index)) * GLANDULAR
        tissue *= ramp_step(distance - SKIN_MM - 1.5, 3.0)
        if self.view.position != 'CC':
            tissue = self._add_muscle(tissue, index)
        tissue += SKIN * np.exp(-((distance - SKIN_MM / 2) ** 2) / (0.6 * SKIN_MM**2)) * (distance > 0)
        return (tissue * depth).astype(np.float32)

    def _crop(self, image: np.ndarray) -> np.ndarray:
        return image[:, : self._shape[1]]

    def _sample_levels(self) -> tuple[np.ndarray, ...]:
        """Gland level, septum level and strand brightness, three float32 (S, h, w) on the coarse grid.

        Outside of the breast they are such that there is no tissue.
        """
        view, stride = self.view, self._stride
        rows = (np.arange(-(-self._shape[0] // stride), dtype=np.float32) + 0.5) * stride
        columns = (np.arange(-(-self._shape[1] // stride), dtype=np.float32) + 0.5) * stride
        r_mm, x_mm = np.meshgrid((view.nipple_row - rows) * view.pixel_mm, columns * view.pixel_mm, indexing='ij')
        pick = np.ix_(
            np.clip(rows.astype(int), 0, self._shape[0] - 1), np.clip(columns.astype(int), 0, self._shape[1] - 1)
        )
        inside, half = view.skin_distance_mm[pick] > 0, view.half_thickness_mm[pick]
        shape = (self.num_slices, *r_mm.shape)
        gland, septa = np.full(shape, -3, dtype=np.float32), np.full(shape, 3, dtype=np.float32)
        brightness = np.zeros(shape, dtype=np.float32)
        z_mm = view.slice_z_mm[:, None]
        share = np.clip(z_mm / np.maximum(half[inside], 1e-3), -1, 1)
        points = view.to_breast(
            np.broadcast_to(x_mm[inside], share.shape), np.broadcast_to(r_mm[inside], share.shape), share
        )
        levels = view.anatomy.fields.levels(*points.reshape(3, -1))
        gland[:, inside], septa[:, inside], brightness[:, inside] = (level.reshape(share.shape) for level in levels)
        return gland, septa, brightness

    def _upsample(self, coarse: np.ndarray) -> np.ndarray:
        if self._stride == 1:
            return coarse
        size = (coarse.shape[1] * self._stride, coarse.shape[0] * self._stride)
        return cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)[: self._shape[0], : self._shape[1]]

    def _fine_texture(self, index: int) -> np.ndarray:
        """Fine texture of a slice; neighbouring slices share half of it."""
        first, second = (np.roll(self._fine, tuple(shift), (0, 1)) for shift in self._fine_shifts[index : index + 2])
        tile = (first + second) * np.float32(np.sqrt(0.5))
        repeats = (-(-self._shape[0] // _FINE_TILE), -(-self._shape[1] // _FINE_TILE))
        return np.tile(tile, repeats)[: self._shape[0], : self._shape[1]]

    def _muscle_texture(self, rng: np.random.Generator) -> np.ndarray:
        """Fibres that run along the border of the pectoral muscle, mean 0 and variance 1, (H, columns_used)."""
        if self.view.position == 'CC':
            return np.zeros((1, 1), dtype=np.float32)
        noise = power_law_field((128, 128), 2.0, rng, low_cut=1 / 64)
        width_mm, length_mm = self.view.anatomy.pectoral_mm
        angle = np.float32(np.arctan2(width_mm, length_mm))
        height, width = self._shape
        rows, columns = np.mgrid[:height, :width].astype(np.float32) * np.float32(self.view.pixel_mm)
        across = columns * np.cos(angle) + rows * np.sin(angle)
        along = (rows * np.cos(angle) - columns * np.sin(angle)) / 6
        return cv2.remap(np.tile(noise, (3, 3)), np.mod(across, 128), np.mod(along, 128), cv2.INTER_LINEAR)

    def _add_muscle(self, tissue: np.ndarray, index: int) -> np.ndarray:
        """Replaces tissue by the pectoral muscle, which thins out towards its border."""
        depth_mm = self._crop(self.view.pectoral_mm) + 1.5 * self._muscle
        height = abs(self.view.slice_z_mm[index]) / (self.view.thickness_mm / 2)
        share = ramp_step(depth_mm - 7 * np.float32(height), 5.0)
        return tissue + share * (MUSCLE * (1 + 0.2 * self._muscle) - tissue)

    def _place_vessels(self) -> list[tuple[np.ndarray, np.ndarray, float]]:
        """Vessels as pixel polylines, their slice numbers and radii in mm."""
        placed = []
        for points, radius_mm in self.view.anatomy.vessels:
            if len(points) < 2:
                continue
            x_mm, r_mm, z_mm = self.view.to_view_mm(points).T
            rows, columns = self.view.to_pixels(x_mm, r_mm)
            slices = (z_mm - self.view.slice_z_mm[0]) / self.view.slice_mm
            placed.append((np.stack([columns, rows], axis=1), slices, radius_mm))
        return placed

    def _draw_vessels(self, index: int) -> np.ndarray:
        """Share of vessel in each voxel of a slice."""
        canvas = np.zeros(self._shape, dtype=np.uint8)
        for points, slices, radius_mm in self._vessels:
            reach = radius_mm / self.view.slice_mm + 0.6
            near = np.abs((slices[1:] + slices[:-1]) / 2 - index) < reach + np.abs(np.diff(slices)) / 2
            shade = _VESSEL_SHADES * _VESSEL_SHARE * min(1.0, 2 * radius_mm / self.view.slice_mm)
            width = max(1, round(2 * radius_mm / self.view.pixel_mm))
            for start in np.flatnonzero(near):
                first, last = np.round(points[start : start + 2] * 16 - 8).astype(int)
                cv2.line(canvas, tuple(first.tolist()), tuple(last.tolist()), shade, width, cv2.LINE_AA, 4)
        return canvas.astype(np.float32) / _VESSEL_SHADES
