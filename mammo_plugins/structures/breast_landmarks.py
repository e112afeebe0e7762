"""Nipple and chest wall of an image, and how far points lie from them.

Distances tell where a finding lies in a breast alike in CC and MLO: the nipple is the same point in both, and the chest
wall is the image edge in CC and the border of the pectoral muscle in MLO.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

ANNOTATED, ESTIMATED, ASSUMED = 'annotated', 'estimated', 'assumed'
SOURCES = (ANNOTATED, ESTIMATED, ASSUMED)


@dataclass(frozen=True)
class BreastLandmarks:
    """Nipple and chest wall in the pixels of one frame (see :mod:`.geometry`).

    Attributes:
        nipple_xy: the nipple.
        chest_wall_xyxy: two points of the straight line that stands for the chest wall.
        nipple_source: ``annotated``, or ``estimated`` from the image.
        chest_wall_source: these too, or ``assumed``: the line of an average breast.

    Raises:
        ValueError: the two points are one, the nipple lies on the line, or a source is unknown.
    """

    nipple_xy: tuple[float, float]
    chest_wall_xyxy: tuple[float, float, float, float]
    nipple_source: str = ESTIMATED
    chest_wall_source: str = ESTIMATED

    def __post_init__(self) -> None:
        for source in (self.nipple_source, self.chest_wall_source):
            if source not in SOURCES:
                raise ValueError(f'the source of a landmark is one of {", ".join(SOURCES)}, got {source!r}')
        if self._along((1.0, 1.0))[1] == 0 or self.depth() == 0:
            raise ValueError(f'nipple {self.nipple_xy} and chest wall {self.chest_wall_xyxy} span no breast')

    def moved(self, homography: np.ndarray) -> BreastLandmarks:
        """In the pixels that a (3, 3) homography leads to."""
        points = np.reshape([*self.nipple_xy, *self.chest_wall_xyxy], (3, 2))
        x, y, scale = np.asarray(homography, dtype=np.float64) @ np.vstack([points.T, np.ones(3)])
        numbers = np.stack([x / scale, y / scale], axis=1).ravel().tolist()
        return replace(self, nipple_xy=tuple(numbers[:2]), chest_wall_xyxy=tuple(numbers[2:]))

    def to_nipple(self, points_xy: np.ndarray, pixel_mm: tuple[float, float] = (1.0, 1.0)) -> np.ndarray:
        """(n,) distances of points (n, 2) to the nipple, in mm; ``pixel_mm`` is the size of a pixel along x and y."""
        return np.linalg.norm((np.reshape(points_xy, (-1, 2)) - self.nipple_xy) * pixel_mm, axis=1)

    def to_chest_wall(
        self, points_xy: np.ndarray, pixel_mm: tuple[float, float] = (1.0, 1.0), signed: bool = False
    ) -> np.ndarray:
        """(n,) distances of points (n, 2) to the chest wall, in mm.

        Args:
            points_xy: the points.
            pixel_mm: size of a pixel along x and y.
            signed: negative beyond the line (in MLO inside of the muscle) rather than 0 there.
        """
        direction, length = self._along(pixel_mm)
        points = np.concatenate([np.reshape(self.nipple_xy, (1, 2)), np.reshape(points_xy, (-1, 2))])
        offset = (points - self.chest_wall_xyxy[:2]) * pixel_mm
        distances = (offset[:, 0] * direction[1] - offset[:, 1] * direction[0]) / length
        distances = distances[1:] * math.copysign(1.0, distances[0])
        return distances if signed else np.clip(distances, 0, None)

    def depth(self, pixel_mm: tuple[float, float] = (1.0, 1.0)) -> float:
        """Distance of the nipple to the chest wall, in mm: how far the breast extends."""
        return float(self.to_chest_wall(np.array([self.nipple_xy]), pixel_mm)[0])

    def shaken(
        self, rng: np.random.Generator, mean_mm: float, pixel_mm: tuple[float, float] = (1.0, 1.0)
    ) -> BreastLandmarks:
        """With random errors, ``mean_mm`` on average: of the nipple in any direction, of the line across itself."""
        nipple = rng.normal(0, mean_mm / math.sqrt(math.pi / 2), 2) / pixel_mm
        direction, length = self._along(pixel_mm)
        across = rng.normal(0, mean_mm * math.sqrt(math.pi / 2)) * np.array([direction[1], -direction[0]]) / length
        wall = np.reshape(self.chest_wall_xyxy, (2, 2)) + across / pixel_mm
        return replace(
            self,
            nipple_xy=tuple((self.nipple_xy + nipple).tolist()),
            chest_wall_xyxy=tuple(wall.ravel().tolist()),
        )

    def _along(self, pixel_mm: tuple[float, float]) -> tuple[np.ndarray, float]:
        """Direction of the chest wall in mm, and the distance of its two points."""
        x1, y1, x2, y2 = self.chest_wall_xyxy
        direction = np.array([x2 - x1, y2 - y1]) * pixel_mm
        return direction, float(np.linalg.norm(direction))
