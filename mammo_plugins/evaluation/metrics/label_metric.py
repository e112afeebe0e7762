"""The metric that mmengine calls for labels: collects what a model says of images, breasts and pairs, and scores it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmdet.registry import METRICS
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log

from mammo_plugins.evaluation.evaluate_labels import LabelResult, evaluate_labels
from mammo_plugins.evaluation.image_names import keys_by_id
from mammo_plugins.evaluation.label_predictions import LabelKey, LabelPredictions, gather_labels, write_labels
from mammo_plugins.evaluation.label_truth import images_by_unit, label_key
from mammo_plugins.io import AnnotationSet, read_annotations

from .sample_views import views_of_modality

_UNIT_OF_CASE = {'image': 'View', 'modalities': 'View', 'breast': 'Side', 'bilateral': 'Pair'}


@METRICS.register_module()
class LabelMetric(BaseMetric):
    """AUC, accuracies, kappa and calibration of every predicted label.

    The numbers are those of ``mammo evaluate`` on the written CSV, to the last digit. Results are called
    ``<unit>/<label>/<number>``, for example ``view/malignant/auc`` or ``side/birads/quadratic_kappa``; with
    ``_se`` where there is a standard error.

    Args:
        ann_file: annotation file that the predicted images are in.
        split, modality: the images that may occur; None for all. Of a case that pairs modalities, the image of this
            one is scored.
        threshold: probability from which on a label without classes is called present.
        bootstrap: replicates for standard errors, 0 for none.
        seed: seed of the bootstrap.
        outfile: where the labels go as CSV, None for nowhere. A model that predicts labels of images and of breasts or
            pairs gets a file each, with ``_view``, ``_side`` or ``_pair`` after the stem.
        prefix, collect_device, collect_dir: as for every metric of mmengine.
    """

    default_prefix = ''

    def __init__(
        self,
        ann_file: str | Path,
        split: str | None = None,
        modality: str | None = None,
        threshold: float = 0.5,
        bootstrap: int = 0,
        seed: int = 0,
        outfile: str | Path | None = None,
        prefix: str | None = None,
        collect_device: str = 'cpu',
        collect_dir: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix, collect_dir=collect_dir)
        self.ann_file = Path(ann_file)
        self.split, self.modality = split, modality
        self.threshold, self.bootstrap, self.seed = threshold, bootstrap, seed
        self.outfile = outfile

    def process(self, data_batch: Any, data_samples: Sequence[Mapping[str, Any]]) -> None:
        """Keeps the labels of a batch: one entry a sample, since mmengine cuts padding by counting entries.

        Args:
            data_batch: unused.
            data_samples: cases or single images with ``pred_labels``, as objects or dictionaries.

        Raises:
            ValueError: a sample has no image id, or neither it nor its views have labels.
        """
        for sample in data_samples:
            self.results.append(read_sample_labels(sample, self.modality))

    def compute_metrics(self, results: list[dict[str, Any]]) -> dict[str, float]:
        """Scores all collected labels; runs in the main process only.

        Raises:
            ValueError: an image is not in the annotation file, or not of the split and modality.
        """
        annotations = read_annotations(self.ann_file).select(modality=self.modality, split=self.split)
        seen = {image for sample in results for image in sample['image_ids']}
        strangers = seen - {image.id for image in annotations.images}
        if strangers:
            raise ValueError(
                f'labels of image {min(strangers)}, which is not in {self.ann_file} with split={self.split!r} and '
                f'modality={self.modality!r} ({len(strangers)} such images): give the data set and the metric the '
                'same selection'
            )
        files = labels_of_samples(results, annotations)
        metrics: dict[str, float] = {}
        for predictions in files:
            unit = predictions.unit.lower()
            if self.outfile is not None:
                path = label_file_name(self.outfile, predictions.unit, len(files))
                write_labels(path, predictions)
                print_log(f'labels written to {path}', logger='current')
            metrics |= _flatten(unit, evaluate_labels(
                predictions, annotations, bootstrap=self.bootstrap, seed=self.seed, threshold=self.threshold
            ))  # fmt: skip
        return metrics


def read_sample_labels(sample: Mapping[str, Any], modality: str | None = None) -> dict[str, Any]:
    """The labels of a predicted case or image, as plain values.

    Args:
        sample: what was predicted.
        modality: of the image to take of a case that pairs modalities; None for both.

    Raises:
        ValueError: a view has no image id, or there are no labels.
    """
    own = views_of_modality(sample, modality)
    ids = [view.get('image_id', view.get('img_id')) for view in own]
    if any(number is None for number in ids):
        raise ValueError(f'a sample with the fields {sorted(own[0].keys())} has no image_id: add it when packing')
    of_views = [view.get('pred_labels') for view in own]
    of_case = None if sample.get('views') is None else sample.get('pred_labels')
    if of_case is None and all(labels is None for labels in of_views):
        raise ValueError(f'neither the sample of image {ids[0]} nor its views have pred_labels: set them in predict')
    return {
        'image_ids': [int(number) for number in ids],
        'views': [None if labels is None else _floats(labels) for labels in of_views],
        'case': None if of_case is None else _floats(of_case),
        'unit': _UNIT_OF_CASE[sample.get('group_by') or 'breast'],
    }


def labels_of_samples(samples: Sequence[Mapping[str, Any]], annotations: AnnotationSet) -> list[LabelPredictions]:
    """What :func:`read_sample_labels` gave, by unit, in the order of the annotation file.

    A sample that comes twice counts once. A breast or pair that is read as several cases, because a view was repeated,
    has the mean of their probabilities. Where a case is one view, the labels of its images go before its own.
    """
    found: dict[str, dict[LabelKey, dict[tuple[int, ...], dict[str, float]]]] = {}
    names = keys_by_id(annotations.images)
    for sample in samples:
        images = [annotations.image(number) for number in sample['image_ids']]
        for image, labels in zip(images, sample['views']):
            if labels is not None:
                found.setdefault('View', {}).setdefault(LabelKey(*names[image.id]), {}).setdefault((image.id,), labels)
        unit = sample['unit']
        if sample['case'] is not None and (unit != 'View' or all(labels is None for labels in sample['views'])):
            of_unit = found.setdefault(unit, {}).setdefault(label_key(images[0], unit), {})
            of_unit.setdefault(tuple(sample['image_ids']), sample['case'])
    return [
        gather_labels(
            unit,
            [(key, _mean(list(rows[key].values()))) for key in images_by_unit(annotations, unit, rows) if key in rows],
        )
        for unit, rows in found.items()
    ]


def _mean(cases: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Means by name over the cases that have a number."""
    values = {name: [labels[name] for labels in cases if not math.isnan(labels.get(name, math.nan))]
              for name in dict.fromkeys(name for labels in cases for name in labels)}  # fmt: skip
    return {name: sum(known) / len(known) if known else math.nan for name, known in values.items()}


def label_file_name(path: str | Path, unit: str, num_units: int) -> Path:
    """Where the labels of a unit go: ``path`` itself where there is one unit only."""
    path = Path(path)
    return path if num_units == 1 else path.with_name(f'{path.stem}_{unit.lower()}{path.suffix}')


def _floats(labels: Mapping[str, Any]) -> dict[str, float]:
    return {str(name): float(value) for name, value in labels.items()}


def _flatten(unit: str, results: Mapping[str, LabelResult]) -> dict[str, float]:
    metrics: dict[str, float] = {}
    for label, result in results.items():
        for name, estimate in result.numbers.items():
            metrics[f'{unit}/{label}/{name}'] = estimate.value
            if estimate.method:
                metrics[f'{unit}/{label}/{name}_se'] = estimate.standard_error
        metrics[f'{unit}/{label}/num_cases'] = result.counts['cases']
        for note in result.notes:
            print_log(f'{unit} {label}: {note}', logger='current')
    return metrics
