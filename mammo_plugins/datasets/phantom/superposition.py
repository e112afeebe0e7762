"""Normal tissue of several depths that happens to overlap along the beam and imitates a mass in the projection."""

from __future__ import annotations

import numpy as np

from .anatomy import glandular_share
from .compression import CompressedView
from .findings import Finding, FindingShape
from .lesion_rendering import LesionPatch
from .texture import power_law_field, ramp_step
from .tissue import GLANDULAR

_LAYERS = 6
_NORMAL = Finding('', False, FindingShape.OVAL, (0.0, 0.0, 0.0), 0.0, 1.0, 0)


def sample_superpositions(
    rng: np.random.Generator, view: CompressedView, findings: list[LesionPatch], mean_count: float
) -> list[LesionPatch]:
    """Draws overlaps for one view, away from its findings; they belong to the view, not to the breast.

    Each is a stack of thin ragged sheets of glandular tissue spread over the whole thickness.
    """
    places = free_places(view, findings)
    overlaps: list[LesionPatch] = []
    for _ in range(rng.poisson(mean_count) if len(places) else 0):
        row, column = pick_place(rng, view, places)
        overlaps += _stack(rng, view, int(row), int(column), float(rng.uniform(5, 8)))
    return overlaps


def cover(rng: np.random.Generator, view: CompressedView, patch: LesionPatch) -> list[LesionPatch]:
    """Draws tissue of several depths along the beam that meets a finding."""
    rows, columns = patch.silhouette.shape
    radius_mm = max(5.0, 1.2 * patch.finding.radius_mm)
    return _stack(rng, view, patch.top + rows // 2, patch.left + columns // 2, radius_mm)


def free_places(view: CompressedView, findings: list[LesionPatch]) -> np.ndarray:
    """(N, 2) pixels (row, column) inside of the breast, away from its border, the muscle and findings."""
    allowed = (view.skin_distance_mm > 16) & (view.pectoral_mm < -8)
    allowed[:, : int(10 / view.pixel_mm)] = False
    for patch in findings:
        rows, columns = patch.silhouette.shape
        allowed[patch.top : patch.top + rows, patch.left : patch.left + columns] = False
    return np.argwhere(allowed)


def pick_place(rng: np.random.Generator, view: CompressedView, places: np.ndarray) -> np.ndarray:
    """One of the places, the likelier the more glandular tissue lies there half way up."""
    candidates = places[rng.integers(len(places), size=24)]
    x_mm = (candidates[:, 1] + 0.5) * view.pixel_mm
    r_mm = (view.nipple_row - candidates[:, 0] - 0.5) * view.pixel_mm
    level, *_ = view.anatomy.fields.levels(*view.to_breast(x_mm, r_mm, np.zeros(len(candidates))))
    weights = 0.03 + glandular_share(level)
    return candidates[rng.choice(len(candidates), p=weights / weights.sum())]


def _stack(
    rng: np.random.Generator, view: CompressedView, row: int, column: int, radius_mm: float
) -> list[LesionPatch]:
    reach = int(np.ceil(1.4 * radius_mm / view.pixel_mm))
    top, left = max(0, row - reach), max(0, column - reach)
    bottom, right = min(len(view.skin_distance_mm), row + reach + 1), min(view.columns_used, column + reach + 1)
    ys, xs = np.mgrid[top:bottom, left:right]
    distance_mm = np.hypot(ys - row, xs - column) * view.pixel_mm
    slices = len(view.slice_z_mm)
    layers = []
    for level in np.linspace(0.15, 0.85, _LAYERS):
        ragged = power_law_field(distance_mm.shape, 2.5, rng)
        share = 0.75 * ramp_step(radius_mm - distance_mm + 0.5 * radius_mm * ragged, 4.0)
        index = int(np.clip(level * slices + rng.normal(0, 1), 0, slices - 1))
        layers.append(
            LesionPatch(
                _NORMAL,
                top,
                left,
                index,
                share[None].astype(np.float32),
                np.float32(GLANDULAR),
                None,
                np.zeros(distance_mm.shape, dtype=bool),
                np.zeros(1),
            )
        )
    return layers
