"""What is kept of saliency maps of a class once they are read, and the numbers that it gives.

Glossary: n images with an annotated region of the class, P patients of these images, R replicates.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from .functional import (
    TIOR_THRESHOLDS,
    TIOU_THRESHOLDS,
    PatientPixelCounts,
    PixelAveragePrecision,
    mean_share_reaching,
    soft_dice,
)
from .number_samples import NumberSample
from .predictions import ImageKey

_NO_FINDING = 'no evaluated image has a finding of the class'


@dataclass
class SaliencyOverlaps:
    """The overlaps of maps with the annotated regions; no map is kept.

    Attributes:
        keys: the n images with a region, in the order in which they came.
        rows: intersection, called and annotated area, soft Dice and pixel average precision of each of them.
        precision: of the pixels of all maps.
        pixels: the same by patient, where ``pxap_dataset`` is to be resampled; None where not.
        maps: maps that were added.
        unannotated: images whose regions are not known, which were not added.
    """

    keys: list[ImageKey] = field(default_factory=list)
    rows: list[tuple[int, int, int, float, float]] = field(default_factory=list)
    precision: PixelAveragePrecision = field(default_factory=PixelAveragePrecision)
    pixels: PatientPixelCounts | None = None
    maps: int = 0
    unannotated: int = 0

    def add(self, key: ImageKey, saliency: np.ndarray, region: np.ndarray, threshold: float) -> None:
        """Adds a map.

        Args:
            key: its image.
            saliency: (h, w) in [0, 1].
            region: (h, w) bool, the annotated pixels.
            threshold: saliency from which on a pixel is called part of a finding.
        """
        self.maps += 1
        image_level = self.precision.update(saliency, region)
        if self.pixels is not None:
            self.pixels.update(key.patient_id, saliency, region)
        if not region.any():
            return
        called = saliency >= threshold
        areas = int((called & region).sum()), int(called.sum()), int(region.sum())
        self.keys.append(key)
        self.rows.append((*areas, soft_dice(saliency, region), image_level))

    def of(self, keys: Sequence[ImageKey]) -> SaliencyOverlaps:
        """The overlaps of some of the n images, in their order; ``precision`` stays that of all maps."""
        place = {key: index for index, key in enumerate(self.keys)}
        return replace(self, keys=list(keys), rows=[self.rows[place[key]] for key in keys])

    def patient_index(self, patients: Iterable[str] | None = None) -> np.ndarray:
        """(n,) position of each image's patient among those named, or among the P ones in order of appearance."""
        names = dict.fromkeys(key.patient_id for key in self.keys) if patients is None else patients
        place = {name: index for index, name in enumerate(names)}
        return np.asarray([place[key.patient_id] for key in self.keys], np.int64)

    @property
    def num_patients(self) -> int:
        return len({key.patient_id for key in self.keys})

    def per_image(self) -> dict[str, np.ndarray]:
        """(n,) of every number that is a mean over images, by name."""
        values = np.asarray(self.rows, np.float64).reshape(-1, 5)
        found = _overlaps(values[:, :3]) | {'soft_dice': values[:, 3], 'pxap_image': values[:, 4]}
        for name, of, thresholds in (('TIoU', 'iou', TIOU_THRESHOLDS), ('TIoR', 'ior', TIOR_THRESHOLDS)):
            found[name] = _shares(found[of], thresholds)
            found |= {f'{name}@{threshold:g}': _shares(found[of], [threshold]) for threshold in thresholds}
        return found

    def samples(self, draws: np.ndarray | None, patients: Sequence[str]) -> dict[str, NumberSample]:
        """Every number with its replicates; that of ``pxap_dataset`` needs ``pixels``.

        Args:
            draws: (R, Q) how often each patient counts; None for no replicates.
            patients: the Q patients whom the draws are of, those of all maps among them.
        """
        weights = None if draws is None else draws[:, self.patient_index(patients)]
        samples = {name: _mean(values, weights) for name, values in self.per_image().items()}
        areas = np.asarray(self.rows, np.float64).reshape(-1, 5)[:, :3]
        replicates = {} if weights is None else _overlaps(weights @ areas)
        for name, value in _overlaps(areas.sum(axis=0)).items():
            drawn = replicates.get(name)
            samples[f'pooled_{name}'] = _sample(
                float(value), None if drawn is None else np.where(weights.any(axis=1), drawn, np.nan)
            )
        precisions = None
        if draws is not None and self.pixels is not None and self.keys:
            precisions = self.pixels.resampled_precision(patients, draws)
        return samples | {'pxap_dataset': _sample(self.precision.dataset_level(), precisions)}


def _overlaps(areas: np.ndarray) -> dict[str, np.ndarray]:
    """Overlaps from (..., 3) intersection, predicted and annotated area; 0 where nothing is predicted."""
    intersection, predicted, annotated = np.moveaxis(areas, -1, 0)
    with np.errstate(invalid='ignore', divide='ignore'):
        return {
            'dice': 2 * intersection / (predicted + annotated),
            'iou': intersection / (predicted + annotated - intersection),
            'ior': intersection / np.maximum(predicted, 1),
            'iogt': intersection / annotated,
        }


def _shares(overlaps: np.ndarray, thresholds: Iterable[float]) -> np.ndarray:
    """(n,) share of the thresholds that each image reaches; their mean is that of the images."""
    return np.asarray([mean_share_reaching(overlaps[i : i + 1], thresholds) for i in range(len(overlaps))])


def _mean(values: np.ndarray, weights: np.ndarray | None) -> NumberSample:
    value = float(values.mean()) if len(values) else float('nan')
    if weights is None:
        return _sample(value, None)
    with np.errstate(invalid='ignore'):  # a replicate without any image that has a finding
        return _sample(value, weights @ values / weights.sum(axis=1))


def _sample(value: float, replicates: np.ndarray | None) -> NumberSample:
    missing = _NO_FINDING if np.isnan(value) else ''
    return NumberSample(value, None if missing else replicates, missing)
