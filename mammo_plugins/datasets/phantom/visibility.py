"""What the mammogram and the synthetic mammogram of one breast show differently.

Synthetic mammograms (SM) show calcifications and masses without spicules or distortion less, and invent distortions and
clusters of calcifications; full-field mammograms (FFDM) hide masses under glandular tissue of other depths.

Source: Sharma et al., "A training regime to learn unified representations from complementary breast imaging modalities"
    (2024), section 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .compression import CompressedView
from .findings import Finding, FindingShape
from .lesion_rendering import LesionPatch, render_finding
from .settings import PhantomSettings, VisibilitySettings
from .superposition import cover, free_places, pick_place, sample_superpositions

_PSEUDO_RADIUS_MM = {FindingShape.DISTORTION: (7.0, 11.0), FindingShape.FINE_CALCIFICATIONS: (3.0, 5.0)}


@dataclass(frozen=True)
class Scene:
    """What is drawn into a view, by modality; the same list where two show the same.

    Attributes:
        dbt, ffdm, sm: patches in the order in which they are painted.
    """

    dbt: list[LesionPatch]
    ffdm: list[LesionPatch]
    sm: list[LesionPatch]

    @classmethod
    def uniform(cls, patches: list[LesionPatch]) -> Scene:
        """The same patches in every modality."""
        return cls(patches, patches, patches)


def sample_scene(
    view: CompressedView,
    findings: list[LesionPatch],
    settings: PhantomSettings,
    rng: np.random.Generator,
    visibility_rng: np.random.Generator,
) -> Scene:
    """Adds to the findings of a view what else is seen in it.

    Args:
        view: geometry.
        findings: the drawn findings.
        settings: of the release.
        rng: of the view's tissue; decides the superpositions.
        visibility_rng: of everything that differs between the modalities.
    """
    superpositions = sample_superpositions(rng, view, findings, settings.finding.superpositions)
    if settings.visibility == VisibilitySettings():
        return Scene.uniform(findings + superpositions)
    visibility = settings.visibility
    covered = [
        patch.finding.shape.kind == 'mass' and visibility_rng.uniform() < visibility.covered_masses
        for patch in findings
    ]
    covers = [
        layer for patch, hidden in zip(findings, covered) if hidden for layer in cover(visibility_rng, view, patch)
    ]
    in_ffdm = [
        patch.faded(visibility.ffdm_covered_contrast) if hidden else patch for patch, hidden in zip(findings, covered)
    ]
    in_sm = [patch.faded(_synthetic_contrast(patch.finding.shape, visibility)) for patch in findings]
    pseudo = _pseudo_findings(
        visibility_rng, view, findings, FindingShape.DISTORTION, visibility.sm_pseudo_distortions
    ) + _pseudo_findings(
        visibility_rng, view, findings, FindingShape.FINE_CALCIFICATIONS, visibility.sm_pseudo_calcifications
    )
    # A finding is painted over the tissue that covers it: both are there.
    return Scene(
        dbt=covers + findings + superpositions,
        ffdm=covers + in_ffdm + superpositions,
        sm=covers + in_sm + superpositions + pseudo,
    )


def _synthetic_contrast(shape: FindingShape, visibility: VisibilitySettings) -> float:
    if shape.kind == 'calcification':
        return visibility.sm_calcification_contrast
    plain = shape.kind == 'mass' and shape is not FindingShape.SPICULATED
    return visibility.sm_plain_mass_contrast if plain else 1.0


def _pseudo_findings(
    rng: np.random.Generator, view: CompressedView, findings: list[LesionPatch], shape: FindingShape, mean_count: float
) -> list[LesionPatch]:
    """Draws what looks like a finding and is none, away from the findings of the view."""
    places = free_places(view, findings)
    pseudo = []
    for _ in range(rng.poisson(mean_count) if len(places) else 0):
        row, column = pick_place(rng, view, places)
        x_mm, r_mm = (column + 0.5) * view.pixel_mm, (view.nipple_row - row - 0.5) * view.pixel_mm
        centre = view.to_breast(np.array([x_mm]), np.array([r_mm]), rng.uniform(-0.5, 0.5, 1))
        density = rng.uniform(1.5, 2.0) if shape is FindingShape.DISTORTION else rng.uniform(0.5, 0.75)
        radius_mm = rng.uniform(*_PSEUDO_RADIUS_MM[shape])
        a, y, w = (float(axis[0]) for axis in centre)
        finding = Finding('', False, shape, (a, y, w), float(radius_mm), float(density), int(rng.integers(2**31)))
        pseudo.append(render_finding(finding, view))
    return pseudo
