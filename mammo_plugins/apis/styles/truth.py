"""Translated images beside the true ones: the same breasts as the other vendor shows them.

Only phantoms have such a truth: releases of one seed that differ in their vendor alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mammo_plugins.apis.inference import find_device
from mammo_plugins.datasets.case_dataset import CaseDataset
from mammo_plugins.datasets.finding_masks import draw_masks
from mammo_plugins.datasets.grey_values import from_grey_values
from mammo_plugins.datasets.styles import GeneratorStyles, translate_image
from mammo_plugins.datasets.styles.style_folder import direction
from mammo_plugins.datasets.styles.translation import breast_outline
from mammo_plugins.datasets.transform_building import build_transforms
from mammo_plugins.evaluation.functional import compare_structures, dice, lesion_contrast, lesion_region

METHODS = ('no translation', 'histogram matching', 'translation', 'truth')
_REFERENCES = 8
_RING_SHARE = 0.5  # of the lesion's extent
_RADIUS_SHARE = 1 / 24  # of the image's longer side


@dataclass(frozen=True)
class PairedImage:
    """A breast as two vendors show it, pixel on pixel.

    Attributes:
        view: with ``img`` (1, H, W) float32 in [0, 1] of the first vendor.
        truth: (H, W) of the second.
        breast: (H, W) bool.
        lesions: (n, H, W) bool, those with an outline.
    """

    view: Mapping[str, Any]
    truth: np.ndarray
    breast: np.ndarray
    lesions: np.ndarray

    @property
    def source(self) -> np.ndarray:
        return self.view['img'][0]


def style_truth(
    folder: str | Path,
    source: str | Path,
    target: str | Path,
    *,
    modality: str = 'FFDM',
    split: str | Sequence[str] | None = None,
    device: str | None = None,
) -> dict[str, Any]:
    """Scores translated images, and what is there without them, against the true rendering.

    Over the breast: SSIM (windows of 7 pixels) and L1 to the truth. Of lesions: mean contrast, and the Dice coefficient
    of what is bright of one before and after. Of bright structures: the share that vanishes and that appears. Histogram
    matching is scikit-image's, to the breasts of up to eight images of other patients. ``crop_difference`` is by how
    much a pixel changes, on average, if the middle half of the rows is translated alone.

    Args:
        folder: of styles.
        source: annotation file of one vendor.
        target: annotation file of the same patients of another vendor, such as of ``mammo phantoms`` with the same
            seed.
        modality, split: the images to take; None takes all splits.
        device: where generators run; the first GPU by default.

    Returns:
        ``direction``, ``images``, ``lesions``, ``crop_difference`` and, by method, the numbers. A number is NaN where
        there is nothing to tell it from.

    Raises:
        ModuleNotFoundError: scikit-image is not installed.
        ValueError: an image has no partner, another size than it, or the same style.
    """
    import mammo_plugins.registration  # noqa: F401  no config imports it here

    ssim, match = _scikit_image()
    bank = GeneratorStyles(folder, keep=False, device=find_device(device))
    loading = build_transforms(bank.learned.loading)
    pairs = [_load_pair(*views, loading) for views in _paired_views(source, target, modality, split)]
    styles = {tuple(map(bank.learned.style_of, (p.view['manufacturer'], p.view['partner_of']))) for p in pairs}
    if len(styles) != 1 or len(set(next(iter(styles)))) != 2:
        raise ValueError(f'{source} and {target} must be of one style each, and of two, got {sorted(styles)}')
    ((own, other),) = styles
    generator, window = bank.generator(own, other), bank.learned.intensity_window

    def translate(img: np.ndarray) -> np.ndarray:
        return translate_image(generator, img, window, bank.device)

    numbers: dict[str, list[dict[str, list[float]]]] = {method: [] for method in METHODS}
    crops = []
    for pair in pairs:
        translated = translate(pair.view['img'])[0]
        shown = (pair.source, _matched(pair, pairs, match), translated, pair.truth)
        for method, image in zip(METHODS, shown):
            numbers[method].append(_measure(image, pair, ssim))
        crops.append(_crop_difference(pair, translated, translate))
    return {
        'direction': direction(own, other),
        'images': len(pairs),
        'lesions': sum(len(pair.lesions) for pair in pairs),
        'crop_difference': float(np.mean(crops)),
        'methods': {method: _summary(rows) for method, rows in numbers.items()},
    }


def _paired_views(
    source: str | Path, target: str | Path, modality: str, split: str | Sequence[str] | None
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    data = [
        CaseDataset(str(path), modality=modality, split=split, group_by='image', classes=('any',), masks=True)
        for path in (source, target)
    ]
    ours, theirs = (
        {(v['patient_id'], v['view_name']): v for index in range(len(one)) for v in one.get_data_info(index)['views']}
        for one in data
    )
    if lonely := sorted(ours.keys() - theirs.keys()):
        raise ValueError(f'{len(lonely)} images of {source} have no partner in {target}, such as {lonely[0]}')
    for key, view in ours.items():
        yield view, theirs[key]


def _load_pair(view: dict[str, Any], partner: dict[str, Any], loading: Sequence[Callable]) -> PairedImage:
    """Loads both as two slices of one image, so that whatever loading does, it does to both."""
    first, *rest = loading
    one, other = first(dict(view)), first(dict(partner))
    if one['img'].shape != other['img'].shape:
        raise ValueError(f'{view["img_path"]}: {one["img"].shape}, its partner {other["img"].shape}')
    both = {**one, 'img': np.concatenate([one['img'], other['img']])}
    for transform in rest:
        both = transform(both)
    source, truth = from_grey_values(both['img'])
    masks, has_mask = draw_masks(both)
    lesions = masks[has_mask].astype(bool)
    shown = {**both, 'img': source[None], 'partner_of': partner['manufacturer']}
    return PairedImage(shown, truth, breast_outline(source), lesions[lesions.any(axis=(1, 2))])


def _matched(pair: PairedImage, pairs: Sequence[PairedImage], match: Callable) -> np.ndarray:
    patient = pair.view['patient_id']
    others = [one.truth[one.breast] for one in pairs if one.view['patient_id'] != patient][:_REFERENCES]
    if not others:
        raise ValueError('histogram matching wants images of two patients at least')
    matched = pair.source.copy()
    matched[pair.breast] = match(pair.source[pair.breast], np.concatenate(others))
    return matched


def _measure(image: np.ndarray, pair: PairedImage, ssim: Callable) -> dict[str, list[float]]:
    breast = pair.breast
    _, similarity = ssim(image, pair.truth, data_range=1.0, full=True)
    changes = compare_structures(pair.source, image, breast, max(2.0, _RADIUS_SHARE * max(breast.shape)))
    contrasts, overlaps = [], []
    for lesion in pair.lesions:
        rows, columns = np.nonzero(lesion)
        ring = max(2, round(_RING_SHARE * max(np.ptp(rows), np.ptp(columns))))
        contrasts.append(lesion_contrast(image, lesion, breast, ring))
        before, after = (lesion_region(pixels, lesion, breast, ring) for pixels in (pair.source, image))
        overlaps.append(dice(after, before))
    return {
        'ssim': [float(similarity[breast].mean(dtype=np.float64))],
        'l1': [float(np.abs(image - pair.truth)[breast].mean(dtype=np.float64))],
        'lesion_contrast': contrasts,
        'lesion_dice': overlaps,
        'vanished': [changes.vanished / changes.before] if changes.before else [],
        'appeared': [changes.appeared / changes.after] if changes.after else [],
    }


def _crop_difference(pair: PairedImage, whole: np.ndarray, translate: Callable) -> float:
    height = len(whole)
    rows = slice(height // 4, height - height // 4)
    alone = translate(pair.view['img'][:, rows])[0]
    return float(np.abs(alone - whole[rows])[pair.breast[rows]].mean(dtype=np.float64))


def _summary(rows: Sequence[Mapping[str, list[float]]]) -> dict[str, float]:
    """Means over images, of lesions over lesions."""
    joined = {name: np.array([value for row in rows for value in row[name]]) for name in rows[0]}
    known = {name: values[~np.isnan(values)] for name, values in joined.items()}
    return {name: float(values.mean()) if len(values) else float('nan') for name, values in known.items()}


def _scikit_image() -> tuple[Callable, Callable]:
    try:
        from skimage.exposure import match_histograms
        from skimage.metrics import structural_similarity
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "scoring styles needs scikit-image: pip install 'mammo_plugins[styles]'", name='skimage'
        ) from error
    return structural_similarity, match_histograms
