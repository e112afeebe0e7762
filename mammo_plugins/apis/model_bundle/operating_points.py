"""Thresholds that go with a model, and what each was chosen on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mammo_plugins.apis.evaluate import ScoringOptions
from mammo_plugins.evaluation import choose_threshold
from mammo_plugins.io import AnnotationSet
from mammo_plugins.io.model_bundle import BundleError
from mammo_plugins.io.source_digest import digest_source


@dataclass(frozen=True)
class OperatingPoint:
    """A score from which on a finding counts.

    Attributes:
        name: such as ``0.25 false positives per image``.
        score: the lowest score that counts; None where none reaches the wish.
        fp_per_volume: the wish.
        protocol: how hits were counted.
        split: what it was chosen on.
        num_images, num_patients: how many these were.
        annotations: name of their annotation file.
        targets: findings that were to be found, sorted; None for the protocol's own.
        images: digests of the files of those images that could be read when it was chosen.
    """

    name: str
    score: float | None
    fp_per_volume: float
    protocol: str
    split: str
    num_images: int
    num_patients: int
    annotations: str
    targets: tuple[str, ...] | None = None
    images: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain values; of ``images`` their number, ``images_known``."""
        values = asdict(self)
        known = len(values.pop('images'))
        return {**values, 'images_known': known}


def thresholds_content(points: Sequence[OperatingPoint]) -> dict[str, Any]:
    """What a bundle holds of its operating points: the points, and every image that any of them was chosen on."""
    return {
        'thresholds': [point.as_dict() for point in points],
        'images': sorted({image for point in points for image in point.images}),
    }


def choose_operating_points(
    predictions: str | Path, options: ScoringOptions, fp_per_volume: Sequence[float]
) -> list[OperatingPoint]:
    """The lowest score with at most so many false positives a volume, for each protocol and wish.

    Args:
        predictions: CSV of findings in the images of ``options``.
        options: which images, and how; needs a split.
        fp_per_volume: the wishes, at least 0.

    Raises:
        ValueError: no split is named, or the files are not as they must be.
    """
    if options.split is None:
        raise BundleError('thresholds need the split that they are chosen on: give --split validation')
    truth = options.read_truth()
    found = options.read_predictions(predictions, truth)
    images = _digests(truth)
    patients = {image.patient_id for image in truth.images}
    points = []
    for protocol in options.chosen_protocols():
        for wish in fp_per_volume:
            score = choose_threshold(found, truth, protocol, wish, lenient=options.lenient)
            points.append(
                OperatingPoint(
                    name=f'{wish:g} false positives per image',
                    score=score if score < float('inf') else None,
                    fp_per_volume=wish,
                    protocol=protocol.name,
                    split=options.split,
                    num_images=len(truth.images),
                    num_patients=len(patients),
                    annotations=str(options.settings()['annotations']),
                    targets=None if options.targets is None else tuple(sorted(options.targets)),
                    images=images,
                )
            )
    return points


def _digests(annotations: AnnotationSet) -> tuple[str, ...]:
    """Of each image whose file is at hand: predictions are often brought without their images."""
    digests = []
    for image in annotations.images:
        try:
            digests.append(digest_source(annotations.resolve_path(image)))
        except OSError:
            continue
    return tuple(digests)
