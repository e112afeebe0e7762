"""Numbers of normal images against the true ones, with simple ways to make one beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mammo_plugins.evaluation.functional.bootstrap import draw_patients, percentile_estimate
from mammo_plugins.evaluation.functional.estimates import Estimate
from mammo_plugins.evaluation.functional.normal_fidelity import blur_breast, normal_numbers
from mammo_plugins.evaluation.number_samples import NumberSample
from mammo_plugins.evaluation.saliency_files import read_map
from mammo_plugins.io import AnnotationSet

from .truth import TruePair, read_true_pairs

METHODS = ('model', 'unchanged', 'other side', 'blur')
_BLUR_SHARE = 1 / 32  # of the longer side
_HEALTHY = ('psnr_outside', 'ssim_outside', 'l1_outside', 'harmed')


@dataclass(frozen=True)
class NormalScores:
    """Numbers of each method.

    Attributes:
        numbers: method to number to its estimate: means over images.
        images: how many have findings and a truth, and how many have no findings.
        rows: patient, method and numbers of each image.
    """

    numbers: Mapping[str, Mapping[str, Estimate]]
    images: Mapping[str, int]
    rows: list[dict[str, Any]]


def score_normals(
    pictures: str | Path,
    annotations: AnnotationSet,
    normals: str | Path | None = None,
    bootstrap: int = 0,
    seed: int = 0,
) -> NormalScores:
    """Scores normal images that a model made, and what needs no model: the image itself, the other side, and a blur.

    Of images with findings: ``psnr``, ``ssim`` (windows of 7 pixels) and ``l1`` inside and outside of the lesions,
    ``removed`` (share of the lesion) and ``harmed`` (share of the rest), see
    :mod:`~mammo_plugins.evaluation.functional.normal_fidelity`. Of images without findings, whose truth they are
    themselves: the same over the breast, with ``healthy_`` in front.

    The other side is the mammogram of the other breast in the same projection, mirrored, breast box on breast box; it
    is left out where it was not predicted. The blur is a Gaussian of 1/32 of the longer side over the breast.

    Args:
        pictures: folder that ``mammo predict`` or ``mammo test`` wrote.
        annotations: the images; others are passed over.
        normals: table of true normal images, see :func:`~.truth.read_true_pairs`.
        bootstrap, seed: replicates over patients for intervals, and the seed of the draws.

    Raises:
        ModuleNotFoundError: scikit-image is not installed.
        ValueError: no picture has a true normal image.
    """
    rows = list(_measure_all(pictures, annotations, normals))
    if not rows:
        raise ValueError(f'no picture "normal" in {pictures} has a true normal image')
    of_model = [row for row in rows if row['method'] == 'model']
    counts = {
        'with_findings': sum('removed' in row['numbers'] for row in of_model),
        'without_findings': sum('removed' not in row['numbers'] for row in of_model),
    }
    patients = list(dict.fromkeys(row['patient'] for row in rows))
    draws = draw_patients(len(patients), bootstrap, np.random.default_rng(seed)) if bootstrap else None
    numbers: dict[str, dict[str, Estimate]] = {}
    for method in METHODS:
        own = [row for row in rows if row['method'] == method]
        names = dict.fromkeys(name for row in own for name in row['numbers'])
        samples = {name: _sample(own, name, patients, draws) for name in names}
        numbers[method] = {
            name: Estimate(sample.value)
            if sample.replicates is None
            else percentile_estimate(sample.value, sample.replicates)
            for name, sample in samples.items()
        }
    return NormalScores(numbers, counts, rows)


def sample_normals(
    pictures: str | Path, annotations: AnnotationSet, method: str, bootstrap: int, seed: int
) -> dict[str, NumberSample]:
    """The numbers of one method with replicates that are paired over runs: all patients of the set are drawn.

    Raises:
        ValueError: there is no such method; see :func:`score_normals` for others.
    """
    if method not in METHODS:
        raise ValueError(f'normal images are scored for {", ".join(METHODS)}, got {method!r}')
    rows = [row for row in _measure_all(pictures, annotations, None, (method,)) if row['method'] == method]
    patients = list(dict.fromkeys(image.patient_id for image in annotations.images))
    draws = draw_patients(len(patients), bootstrap, np.random.default_rng(seed)) if bootstrap else None
    names = dict.fromkeys(name for row in rows for name in row['numbers'])
    return {name: _sample(rows, name, patients, draws) for name in names}


def _measure_all(
    pictures: str | Path,
    annotations: AnnotationSet,
    normals: str | Path | None,
    methods: tuple[str, ...] = METHODS,
) -> Iterator[dict[str, Any]]:
    ssim = _structural_similarity()
    waiting: dict[tuple[str, str, str], list[TruePair]] = {}
    for pair in read_true_pairs(pictures, annotations, normals):
        for method, made in _made_images(pictures, pair, methods):
            yield _row(pair, method, made, ssim)
        if 'other side' not in methods:
            continue
        sides = waiting.setdefault(pair.breast, [])
        sides.append(pair)
        if len(sides) == 2:
            for one, other in (sides, sides[::-1]):
                yield _row(one, 'other side', copy_breast(other, one), ssim)
            del waiting[pair.breast]


def _made_images(pictures: str | Path, pair: TruePair, methods: tuple[str, ...]) -> Iterator[tuple[str, np.ndarray]]:
    if 'model' in methods:
        yield 'model', read_map(pictures, pair.entry)
    if 'unchanged' in methods:
        yield 'unchanged', pair.shown
    if 'blur' in methods:
        yield 'blur', blur_breast(pair.shown, pair.mask, _BLUR_SHARE * max(pair.shown.shape))


def copy_breast(source: TruePair, target: TruePair) -> np.ndarray:
    """(H, W) the breast of one side in the place of the other one, breast box on breast box."""
    made = np.zeros_like(target.shown)
    if not (source.mask.any() and target.mask.any()):
        return made
    (top, bottom, left, right), (up, down, west, east) = _box(source.mask), _box(target.mask)
    patch = source.shown[top:bottom, left:right]
    made[up:down, west:east] = cv2.resize(patch, (east - west, down - up), interpolation=cv2.INTER_LINEAR)
    return made


def _box(mask: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def _row(pair: TruePair, method: str, made: np.ndarray, ssim: Callable[..., Any]) -> dict[str, Any]:
    _, similarity = ssim(made.astype(np.float64), pair.truth.astype(np.float64), data_range=1.0, full=True)
    found = normal_numbers(made, pair.truth, pair.shown, pair.lesion, pair.mask, similarity)
    if pair.truth is pair.shown:
        found = {f'healthy_{name.removesuffix("_outside")}': found[name] for name in _HEALTHY}
    return {'patient': pair.patient, 'view': pair.entry.key.view_name, 'method': method, 'numbers': found}


def _sample(rows: list[dict[str, Any]], name: str, patients: list[str], draws: np.ndarray | None) -> NumberSample:
    """The mean over images, and that of each draw of patients."""
    place = {patient: index for index, patient in enumerate(patients)}
    sums, counts = np.zeros(len(patients)), np.zeros(len(patients))
    for row in rows:
        value = row['numbers'].get(name, np.nan)
        if not np.isnan(value):
            sums[place[row['patient']]] += value
            counts[place[row['patient']]] += 1
    if not counts.any():
        return NumberSample(float('nan'), missing='no image has it')
    value = float(sums.sum() / counts.sum())
    if draws is None:
        return NumberSample(value)
    drawn = draws @ counts
    return NumberSample(value, np.where(drawn > 0, draws @ sums / np.maximum(drawn, 1), np.nan))


def _structural_similarity() -> Callable[..., Any]:
    try:
        from skimage.metrics import structural_similarity
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "scoring normal images needs scikit-image: pip install 'mammo_plugins[styles]'", name='skimage'
        ) from error
    return structural_similarity
