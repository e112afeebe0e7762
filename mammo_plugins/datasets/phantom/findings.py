"""Which findings a breast holds and where: sampling, before any image exists."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .anatomy import BreastAnatomy, glandular_share
from .compression import CompressedView
from .finding_shape import FindingShape
from .mass_grades import mass_grade
from .settings import FindingSettings

_OVERLAP_PREFERENCE = 1.0
"""How much findings prefer places where glandular tissue lies above or below them."""
_BEAM_HEIGHTS = np.linspace(-0.8, 0.8, 7)

MALIGNANT_SHAPES = (
    FindingShape.SPICULATED,
    FindingShape.IRREGULAR,
    FindingShape.FINE_CALCIFICATIONS,
    FindingShape.DISTORTION,
)
BENIGN_SHAPES = (FindingShape.OVAL, FindingShape.COARSE_CALCIFICATIONS, FindingShape.LYMPH_NODE)


@dataclass(frozen=True)
class Finding:
    """One finding in the breast frame.

    Attributes:
        finding_id: the same in every view and modality.
        malignant: malignant or benign.
        shape: appearance.
        centre: ``(a, y, w)`` in the breast frame.
        radius_mm: radius of the core, of the cluster or of the radiating lines.
        density: attenuation above fat in units of glandular tissue's; of calcifications, their diameter in mm.
        seed: decides the outline, so that both views show the same one.
        birads: assessment of a mass, such as ``4B``; None where findings are not assessed one by one.
    """

    finding_id: str
    malignant: bool
    shape: FindingShape
    centre: tuple[float, float, float]
    radius_mm: float
    density: float
    seed: int
    birads: str | None = None

    @property
    def reach_mm(self) -> float:
        """Radius that holds everything the finding draws."""
        return self.radius_mm * {FindingShape.SPICULATED: 2.3, FindingShape.IRREGULAR: 1.5}.get(self.shape, 1.35)


def sample_findings(
    rng: np.random.Generator,
    anatomy: BreastAnatomy,
    views: list[CompressedView],
    malignancies: list[bool],
    settings: FindingSettings,
    id_prefix: str,
) -> list[Finding]:
    """Draws one finding for each entry of ``malignancies``, placed where every view shows it whole."""
    findings: list[Finding] = []
    for number, malignant in enumerate(malignancies, start=1):
        shape, radius_mm, density = _sample_appearance(rng, malignant, settings)
        draft = Finding(
            f'{id_prefix}-{number}', malignant, shape, (0, 0, 0), radius_mm, density, int(rng.integers(2**31))
        )
        centre = _sample_centre(rng, draft, anatomy, views, findings)
        birads = mass_grade(shape, density, settings) if settings.graded_masses else None
        findings.append(replace(draft, centre=centre, birads=birads))
    return findings


def _sample_appearance(
    rng: np.random.Generator, malignant: bool, settings: FindingSettings
) -> tuple[FindingShape, float, float]:
    shapes, shares = (
        (MALIGNANT_SHAPES, settings.malignant_types) if malignant else (BENIGN_SHAPES, settings.benign_types)
    )
    shape = shapes[rng.choice(len(shapes), p=np.array(shares) / np.sum(shares))]
    radius_mm = rng.uniform(*settings.mass_radius_mm)
    density = rng.uniform(*(settings.malignant_density if malignant else settings.benign_density))
    if shape is FindingShape.LYMPH_NODE:
        radius_mm *= 0.75
    elif shape is FindingShape.DISTORTION:
        radius_mm *= 1.4
        density *= 1.3
    elif shape is FindingShape.FINE_CALCIFICATIONS:
        density = rng.uniform(*settings.calcification_mm)
    elif shape is FindingShape.COARSE_CALCIFICATIONS:
        density = rng.uniform(1.6, 3.0)
        radius_mm *= 0.7
    elif shape is FindingShape.SPICULATED:
        radius_mm *= 0.8
    return shape, float(radius_mm), float(density)


def _sample_centre(
    rng: np.random.Generator,
    finding: Finding,
    anatomy: BreastAnatomy,
    views: list[CompressedView],
    others: list[Finding],
) -> tuple[float, float, float]:
    """A place inside of every view, away from other findings, preferably where tissue overlaps it in the projection.

    Of 400 random places the one with the best score is kept, so a place is always found.
    """
    points = rng.uniform(-1, 1, (400, 3))
    points[:, 0] = 0.12 + 0.75 * np.abs(points[:, 0])
    points = points[(points**2).sum(1) < 0.85**2]
    score = rng.uniform(0, 1, len(points))
    share = glandular_share(anatomy.fields.levels(*points.T.astype(np.float32))[0])
    score += np.where(share < 0.98, 0.4, 0)
    for view in views:
        score += 3 * _fits(view, points, finding) + _OVERLAP_PREFERENCE * _share_along_beam(view, points)
    for other in others:
        gap_mm = np.linalg.norm((points - other.centre) * anatomy.half_width_mm, axis=1)
        score -= 5 * (gap_mm < finding.reach_mm + other.reach_mm)
    return tuple(float(value) for value in points[np.argmax(score)])


def _share_along_beam(view: CompressedView, points: np.ndarray) -> np.ndarray:
    """Mean share of glandular tissue that a view's beam meets on its way through places, 0 to 1."""
    x_mm, r_mm, _ = view.to_view_mm(points).T
    total = np.zeros(len(points))
    for height in _BEAM_HEIGHTS:
        level, *_ = view.anatomy.fields.levels(*view.to_breast(x_mm, r_mm, np.full(len(points), height)))
        total += glandular_share(level)
    return total / len(_BEAM_HEIGHTS)


def _fits(view: CompressedView, points: np.ndarray, finding: Finding) -> np.ndarray:
    """How well places fit a view, 0 to 1: clear of skin, paddle, chest wall and pectoral muscle."""
    x_mm, r_mm, z_mm = view.to_view_mm(points).T
    rows, columns = view.to_pixels(x_mm, r_mm)
    height, width = view.skin_distance_mm.shape
    rows, columns = np.clip(rows, 0, height - 1).astype(int), np.clip(columns, 0, width - 1).astype(int)
    margin = finding.reach_mm
    clear_of_skin = view.skin_distance_mm[rows, columns] > margin + 3
    clear_of_paddle = view.half_thickness_mm[rows, columns] - np.abs(z_mm) > 0.7 * finding.radius_mm + 1
    clear_of_edges = (x_mm > margin) & (rows * view.pixel_mm > margin)
    clear_of_muscle = view.pectoral_mm[rows, columns] < -0.6 * margin
    return (clear_of_skin.astype(float) + clear_of_paddle + clear_of_edges + clear_of_muscle) / 4
