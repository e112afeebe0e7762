"""One breast in its own frame: sizes, fibroglandular layout, connective tissue and vessels.

The breast frame is the unit half ball: ``a`` from the chest wall (0) to the nipple (1), ``y`` from medial (-1) to
lateral (1), ``w`` from caudal (-1) to cranial (1). :mod:`.compression` maps it to each view. Everything in this file
is shared by the CC and the MLO view of a breast.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from .texture import power_law_field, ramp_step

GLANDULAR_FRACTION = {'A': 0.06, 'B': 0.15, 'C': 0.28, 'D': 0.45}
"""Volume share of fibroglandular tissue by density category, skin excluded.

Source: Yaffe et al., "The myth of the 50-50 breast", Med. Phys. 36 (2009): volumetric density averages 19.3 %, and
95 % of breasts lie below 45 %.
"""

THICKEST_MM = 58.0
"""Largest compressed thickness."""

_LATTICE_SHAPE = (64, 96, 96)
_LATTICE_MM = 1.7
_GLAND_SOFTNESS = 0.55


@dataclass(frozen=True)
class TissueFields:
    """Random fields that decide where glandular tissue and septa lie.

    Attributes:
        gland: periodic lattice, sampled along fans that converge on the nipple as ducts and lobes do.
        septa: periodic lattice whose zero surfaces are the sheets of Cooper's ligaments.
        threshold: level of the gland field above which tissue is glandular.
        centre: ``(a, y, w)`` centre of the fibroglandular disc.
    """

    gland: np.ndarray
    septa: np.ndarray
    threshold: float
    centre: tuple[float, float, float]
    depth_mm: float
    half_width_mm: float

    def levels(self, a: np.ndarray, y: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, ...]:
        """Gland level (glandular above 0), septum level (septa lie at 0) and brightness of strands, float32 (n,)."""
        x_mm = a * np.float32(self.depth_mm)
        y_mm, w_mm = y * np.float32(self.half_width_mm), w * np.float32(self.half_width_mm)
        to_nipple = self.depth_mm - x_mm
        fan = np.float32(1.3 * self.depth_mm) / (to_nipple + np.float32(0.55 * self.depth_mm))
        gland = _sample(self.gland, 0.8 * x_mm, fan * y_mm, fan * w_mm)
        septa = _sample(self.septa, x_mm, y_mm, w_mm)
        brightness = np.float32(1.3) + np.float32(0.6) * _sample(self.septa, 0.7 * w_mm, 0.7 * x_mm, 0.7 * y_mm)
        return gland + self._envelope(a, y, w) - np.float32(self.threshold), septa, np.clip(brightness, 0.2, 2.6)

    def _envelope(self, a: np.ndarray, y: np.ndarray, w: np.ndarray) -> np.ndarray:
        """Where glandular tissue is likely: a cone behind the nipple inside subcutaneous and retromammary fat."""
        radius_squared = a * a + y * y + w * w
        from_axis = (y - self.centre[1]) ** 2 + (w - self.centre[2]) ** 2
        along = a - np.float32(self.centre[0])
        upper_outer = 0.35 * (y + w)
        return (
            1.0
            - 2.2 * from_axis
            - 1.6 * along * along
            - 5.0 * np.clip(radius_squared - 0.62, 0, None)
            - 2.0 * np.clip(1 - a / 0.3, 0, None)
            + upper_outer
        ).astype(np.float32)


@dataclass(frozen=True)
class BreastAnatomy:
    """A breast before compression.

    Attributes:
        depth_mm: chest wall to nipple.
        half_width_mm: half of the medial-lateral and of the cranio-caudal extent.
        thickness_mm: compressed thickness.
        density: ``A`` (fatty) to ``D`` (extremely dense).
        fields: tissue layout.
        vessels: polylines ``(n, 3)`` in the breast frame with their radius in mm.
        pectoral_mm: width at the image's upper edge and length of the pectoral muscle in MLO.
        nipple_share: height of the nipple in the MLO image, share of the rows from the top.
    """

    depth_mm: float
    half_width_mm: float
    thickness_mm: float
    density: str
    fields: TissueFields
    vessels: tuple[tuple[np.ndarray, float], ...]
    pectoral_mm: tuple[float, float]
    nipple_share: float


@dataclass(frozen=True)
class BodySize:
    """Sizes that both breasts of a patient share up to a few per cent."""

    depth_mm: float
    half_width_mm: float
    thickness_mm: float
    pectoral_mm: tuple[float, float]
    nipple_share: float

    @classmethod
    def sample(cls, rng: np.random.Generator) -> BodySize:
        """Draws a patient."""
        size = rng.uniform(0, 1)
        return cls(
            depth_mm=70 + 30 * size + rng.normal(0, 3),
            half_width_mm=72 + 16 * size + rng.normal(0, 2),
            thickness_mm=THICKEST_MM * np.clip(0.76 + 0.2 * size + rng.normal(0, 0.03), 0.7, 1.0),
            pectoral_mm=(rng.uniform(34, 58), rng.uniform(95, 140)),
            nipple_share=rng.uniform(0.58, 0.66),
        )


def sample_breast(rng: np.random.Generator, body: BodySize, density: str) -> BreastAnatomy:
    """Draws one breast of a patient."""
    depth_mm = body.depth_mm * rng.uniform(0.97, 1.03)
    half_width_mm = body.half_width_mm * rng.uniform(0.98, 1.02)
    return BreastAnatomy(
        depth_mm=depth_mm,
        half_width_mm=half_width_mm,
        thickness_mm=body.thickness_mm * rng.uniform(0.97, 1.0),
        density=density,
        fields=_sample_fields(rng, depth_mm, half_width_mm, density),
        vessels=tuple(_sample_vessels(rng)),
        pectoral_mm=body.pectoral_mm,
        nipple_share=body.nipple_share,
    )


def glandular_share(level: np.ndarray) -> np.ndarray:
    """Share of glandular tissue in a voxel from its gland level."""
    return ramp_step(level, _GLAND_SOFTNESS)


def _sample_fields(rng: np.random.Generator, depth_mm: float, half_width_mm: float, density: str) -> TissueFields:
    gland = power_law_field(_LATTICE_SHAPE, 4.0, rng, low_cut=_LATTICE_MM / 60)
    septa = power_law_field(_LATTICE_SHAPE, 4.0, rng, low_cut=_LATTICE_MM / 26, high_cut=_LATTICE_MM / 7)
    centre = (rng.uniform(0.35, 0.5), rng.uniform(-0.08, 0.12), rng.uniform(-0.05, 0.1))
    fields = TissueFields(gland, septa, 0.0, centre, depth_mm, half_width_mm)
    return fit_threshold(rng, fields, density)


def fit_threshold(rng: np.random.Generator, fields: TissueFields, density: str) -> TissueFields:
    """Fields, whose threshold is 0 yet, with the one that gives the glandular tissue of a density category."""
    level, *_ = fields.levels(*_points_in_half_ball(rng, 12000))
    return replace(fields, threshold=_threshold_for(level, GLANDULAR_FRACTION[density]))


def _threshold_for(level: np.ndarray, fraction: float) -> float:
    """Level above which the mean glandular share is ``fraction``, by bisection."""
    low, high = float(level.min()), float(level.max())
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if glandular_share(level - middle).mean() > fraction else (low, middle)
    return (low + high) / 2


def _points_in_half_ball(rng: np.random.Generator, count: int) -> np.ndarray:
    """Uniform points ``(3, n)`` in the half ball, n close to ``count``."""
    points = rng.uniform(-1, 1, (3, 2 * count)).astype(np.float32)
    points[0] = np.abs(points[0])
    return points[:, (points**2).sum(0) < 1]


def _sample_vessels(rng: np.random.Generator) -> list[tuple[np.ndarray, float]]:
    """Vessels that wander through the subcutaneous fat and strands that leave the nipple."""
    lines = []
    for _ in range(int(rng.integers(5, 10))):
        start = _on_shell(rng, rng.uniform(0.6, 0.85))
        start[0] = abs(start[0]) * 0.4
        lines.append((_random_walk(rng, start, np.array([1.0, 0, 0]) - 0.6 * start, 26, 0.05), rng.uniform(0.4, 0.9)))
    for _ in range(int(rng.integers(6, 12))):
        start = np.array([0.93, rng.normal(0, 0.05), rng.normal(0, 0.05)])
        heading = np.array([-1.0, rng.normal(0, 0.6), rng.normal(0, 0.6)])
        lines.append((_random_walk(rng, start, heading, 18, 0.035), rng.uniform(0.3, 0.55)))
    return lines


def _on_shell(rng: np.random.Generator, radius: float) -> np.ndarray:
    direction = rng.normal(size=3)
    direction[0] = abs(direction[0])
    return radius * direction / np.linalg.norm(direction)


def _random_walk(
    rng: np.random.Generator, start: np.ndarray, heading: np.ndarray, steps: int, step: float
) -> np.ndarray:
    """Smooth path in the breast frame, cut where it leaves the breast."""
    heading = heading / np.linalg.norm(heading)
    points = [start]
    for _ in range(steps):
        heading = heading + rng.normal(0, 0.22, 3)
        heading = heading / np.linalg.norm(heading)
        point = points[-1] + step * heading
        if not 0.02 < point[0] or (point**2).sum() > 0.9:
            break
        points.append(point)
    return np.array(points, dtype=np.float32)


def _sample(lattice: np.ndarray, *points_mm: np.ndarray) -> np.ndarray:
    coordinates = np.stack(points_mm) / np.float32(_LATTICE_MM)
    return ndimage.map_coordinates(lattice, coordinates, order=1, mode='grid-wrap', prefilter=False)
