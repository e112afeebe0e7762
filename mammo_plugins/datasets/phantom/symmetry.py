"""The second breast of a symmetric patient: the first one again, deformed, and different by a chosen amount.

Both breasts live in one frame, chest wall to nipple and medial to lateral, and right ones are mirrored when they are
stored; so the mirror of a breast is the breast itself here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .anatomy import BreastAnatomy, TissueFields, fit_threshold
from .settings import SymmetrySettings

_WAVES = 6
_CYCLES = (0.3, 0.8)
"""Of a wave over the distance from the chest wall to the nipple."""


@dataclass(frozen=True)
class Deformation:
    """Smooth displacements of places in the breast frame: a sum of plane waves.

    Attributes:
        wave_numbers: (M, 3) radians a unit of the frame.
        phases: (M,).
        amplitudes_mm: (3, M) along the axes of the frame.
        unit_mm: (3,) lengths of the frame's units.
    """

    wave_numbers: np.ndarray
    phases: np.ndarray
    amplitudes_mm: np.ndarray
    unit_mm: np.ndarray

    @classmethod
    def sample(cls, rng: np.random.Generator, size_mm: float, unit_mm: np.ndarray) -> Deformation:
        """Draws one whose displacements have a root mean square of about ``size_mm`` along each axis."""
        directions = rng.normal(size=(_WAVES, 3))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        cycles = rng.uniform(*_CYCLES, (_WAVES, 1))
        amplitudes = rng.normal(size=(3, _WAVES))
        amplitudes *= size_mm * np.sqrt(2) / np.linalg.norm(amplitudes, axis=1, keepdims=True)
        return cls(2 * np.pi * cycles * directions, rng.uniform(0, 2 * np.pi, _WAVES), amplitudes, unit_mm)

    def displacements(self, a: np.ndarray, y: np.ndarray, w: np.ndarray) -> np.ndarray:
        """(3, n) displacements in units of the frame, float32."""
        places = np.stack([a, y, w]).astype(np.float32)
        waves = np.cos(self.wave_numbers.astype(np.float32) @ places + self.phases.astype(np.float32)[:, None])
        return (self.amplitudes_mm / self.unit_mm[:, None]).astype(np.float32) @ waves


@dataclass(frozen=True)
class DeformedFields(TissueFields):
    """Tissue that is looked up where a deformation leads.

    Attributes:
        deformation: of the places.
    """

    deformation: Deformation | None = None

    def levels(self, a: np.ndarray, y: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, ...]:
        """See :meth:`TissueFields.levels`; the envelope that keeps skin and chest wall free moves along."""
        if self.deformation is None:
            return super().levels(a, y, w)
        moved = np.stack([a, y, w]).astype(np.float32) + self.deformation.displacements(a, y, w)
        return super().levels(*moved)


def resembling_breast(
    first: BreastAnatomy, own: BreastAnatomy, symmetry: SymmetrySettings, rng: np.random.Generator
) -> BreastAnatomy:
    """The second breast of a symmetric patient.

    Args:
        first: the first breast.
        own: what the second one would be if it resembled nothing; gives the share that differs.
        symmetry: how far it is deformed and how much differs.
        rng: of the deformation.
    """
    share = symmetry.asymmetry

    def between(one: float, other: float) -> float:
        return one + share * (other - one)

    def mixed(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Of two independent fields of variance 1, with variance 1."""
        return np.sqrt(np.float32(1 - share)) * one + np.sqrt(np.float32(share)) * other

    depth_mm, half_width_mm = between(first.depth_mm, own.depth_mm), between(first.half_width_mm, own.half_width_mm)
    unit_mm = np.array([depth_mm, half_width_mm, half_width_mm])
    deformation = Deformation.sample(rng, symmetry.deformation_mm, unit_mm)
    fields = DeformedFields(
        gland=mixed(first.fields.gland, own.fields.gland),
        septa=mixed(first.fields.septa, own.fields.septa),
        threshold=0.0,
        centre=tuple(between(one, other) for one, other in zip(first.fields.centre, own.fields.centre)),
        depth_mm=depth_mm,
        half_width_mm=half_width_mm,
        deformation=deformation,
    )
    return replace(
        first,
        depth_mm=depth_mm,
        half_width_mm=half_width_mm,
        thickness_mm=between(first.thickness_mm, own.thickness_mm),
        fields=fit_threshold(rng, fields, first.density),
        vessels=_resembling_vessels(first, own, share, deformation, rng),
    )


def _resembling_vessels(
    first: BreastAnatomy, own: BreastAnatomy, share: float, deformation: Deformation, rng: np.random.Generator
) -> tuple[tuple[np.ndarray, float], ...]:
    """Vessels of the first breast, moved as its tissue is, some replaced by others."""
    kept = [vessel for vessel in first.vessels if rng.uniform() >= share]
    moved = [(_moved_back(points, deformation), radius) for points, radius in kept if len(points)]
    others = [vessel for vessel in own.vessels if rng.uniform() < share]
    return (*moved, *others)


def _moved_back(points: np.ndarray, deformation: Deformation) -> np.ndarray:
    """(n, 3) places whose tissue is that of ``points``; held inside of the breast."""
    places = points.T - deformation.displacements(*points.T)
    places[0] = places[0].clip(0.02)
    radius = np.linalg.norm(places, axis=0)
    return (places * np.minimum(1, 0.97 / np.maximum(radius, 1e-6))).T.astype(np.float32)
