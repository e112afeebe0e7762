"""Where in a breast a finding lies, in a radiologist's words: side, view, part, depth, distance to the nipple.

One view tells one direction across the breast: CC outer or inner, views from the side upper or lower, each seen from
the line through the nipple across the chest wall (the posterior nipple line). Both together name the quadrant. Depth is
a third of the way from the nipple (anterior) to the chest wall (posterior).

Source: ACR BI-RADS Atlas, 5th edition, mammography, "location".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from .breast_landmarks import ASSUMED, SOURCES, BreastLandmarks
from .view_keys import Laterality, ViewKey

CENTRAL_SHARE = 0.1
"""Share of the breast's depth within which a finding lies behind the nipple rather than on one side of it."""

_CENTRAL = 'central'
_DEPTHS = ('posterior', 'middle', 'anterior')
_SIDES = {Laterality.LEFT: 'left', Laterality.RIGHT: 'right'}


@dataclass(frozen=True)
class FindingLocation:
    """Where one finding lies.

    Attributes:
        view: the view that shows it.
        part: ``outer``, ``inner``, ``upper`` or ``lower``, or ``central`` behind the nipple.
        depth: ``anterior``, ``middle`` or ``posterior``.
        nipple_mm: distance to the nipple, or None where the size of the pixels is not known.
        landmarks: where nipple and chest wall are from, the weaker of both: ``annotated``, ``estimated`` or
            ``assumed``.
        quadrant: such as ``upper outer``, where a matched view from another direction tells it; else empty.
    """

    view: ViewKey
    part: str
    depth: str
    nipple_mm: float | None
    landmarks: str
    quadrant: str = ''

    @property
    def words(self) -> str:
        """``left breast, upper outer quadrant, middle depth, 42 mm from the nipple``."""
        where = f'{self.quadrant} quadrant' if self.quadrant else f'{self.part} part ({self.view.position.value})'
        parts = [f'{_SIDES[self.view.laterality]} breast', where, f'{self.depth} depth']
        if self.nipple_mm is not None:
            parts.append(f'{self.nipple_mm:.0f} mm from the nipple')
        if self.landmarks == ASSUMED:
            parts.append('chest wall of an average breast')
        return ', '.join(parts)


def locate_points(
    points_xy: np.ndarray, landmarks: BreastLandmarks, view: ViewKey, pixel_mm: tuple[float, float] | None
) -> list[FindingLocation]:
    """Locations of points (n, 2).

    Args:
        points_xy: in the pixels of the landmarks, of an image in the canonical orientation: chest wall left, the upper
            or lateral side up.
        landmarks: nipple and chest wall.
        view: what the image shows.
        pixel_mm: size of a pixel along x and y, or None where unknown.
    """
    points, step = np.reshape(points_xy, (-1, 2)), pixel_mm or (1.0, 1.0)
    depth = landmarks.depth(step)
    from_wall = landmarks.to_chest_wall(points, step, signed=True) / depth
    above = _above_nipple(points, landmarks, step) / depth
    to_nipple = landmarks.to_nipple(points, step)
    upper, lower = ('outer', 'inner') if view.position.is_craniocaudal else ('upper', 'lower')
    source = max(landmarks.nipple_source, landmarks.chest_wall_source, key=SOURCES.index)
    return [
        FindingLocation(
            view=view,
            part=_CENTRAL if abs(side) < CENTRAL_SHARE else upper if side > 0 else lower,
            depth=_DEPTHS[int(np.clip(np.floor(3 * share), 0, 2))],
            nipple_mm=None if pixel_mm is None else float(distance),
            landmarks=source,
        )
        for side, share, distance in zip(above, from_wall, to_nipple, strict=True)
    ]


def name_quadrants(locations: Iterable[FindingLocation | None]) -> list[FindingLocation | None]:
    """Locations of one lesion in several views, with the quadrant where a view from above and one from the side agree.

    A lesion that is central in one of them has no quadrant, and its parts stay what each view says. None stays None.
    """
    locations = list(locations)
    known = [location for location in locations if location is not None]
    across = {location.part for location in known if location.view.position.is_craniocaudal}
    along = {location.part for location in known if not location.view.position.is_craniocaudal}
    if len(across) != 1 or len(along) != 1 or _CENTRAL in across | along:
        return locations
    quadrant = f'{along.pop()} {across.pop()}'
    return [None if location is None else replace(location, quadrant=quadrant) for location in locations]


def _above_nipple(points_xy: np.ndarray, landmarks: BreastLandmarks, pixel_mm: tuple[float, float]) -> np.ndarray:
    """(n,) how far points lie above the nipple along the chest wall, in mm; negative below it."""
    x1, y1, x2, y2 = landmarks.chest_wall_xyxy
    along = np.array([x2 - x1, y2 - y1]) * pixel_mm
    along = along / np.linalg.norm(along)
    upwards = -along if along[1] > 0 else along
    return (points_xy - landmarks.nipple_xy) * pixel_mm @ upwards
