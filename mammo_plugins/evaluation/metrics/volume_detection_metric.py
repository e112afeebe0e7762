"""The metric that mmengine calls: collects what a detector says about each image and scores it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmdet.registry import METRICS
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmengine.structures import BaseDataElement

from mammo_plugins.evaluation.evaluate import DetectionResult, evaluate_detections
from mammo_plugins.evaluation.functional import Estimate
from mammo_plugins.evaluation.image_names import image_keys
from mammo_plugins.evaluation.predictions import ImageKey, ImagePredictions, gather_predictions
from mammo_plugins.evaluation.predictions_csv import write_predictions
from mammo_plugins.evaluation.protocols import choose_protocols
from mammo_plugins.io import AnnotationSet, ImageRecord, read_annotations

from .sample_views import views_of_modality

Sample = Mapping[str, Any] | BaseDataElement


@METRICS.register_module()
class VolumeDetectionMetric(BaseMetric):
    """The numbers of one or more protocols, such as recall at false positives per volume, and the AUC over breasts.

    Scores the images that it was given predictions for. The numbers are those of ``tools/evaluate.py`` on the written
    CSV, to the last digit: both read the same arrays.

    Results: ``<protocol>/<number>``, for example ``mm3d/R@0.25`` or ``mm3d/z_error_slices``; ``breast_auc`` and the
    other numbers of breasts; ``num_breasts``, ``num_images``, ``num_findings`` and ``num_unannotated_images``
    (malignant images without boxes, which count for the AUC only). ``breast_auc_se`` is by DeLong; with ``bootstrap``,
    the others have their ``_se`` too. A number that does not exist is NaN; the log says why.

    Args:
        ann_file: annotation file that the predicted images are in.
        protocols: names of protocols, see :mod:`mammo_plugins.evaluation.protocols`.
        split, modality: the images that may occur; None for all. Of a case that pairs modalities, the image of this
            one is scored, since the tables do not tell two images of one view apart.
        bootstrap: replicates for the standard errors of the detection numbers, 0 for none.
        seed: seed of the bootstrap.
        outfile: where the predictions go as CSV, None for nowhere.
        malignant_label: label of the predicted class that counts; others are left out. Where None, that of the data
            set's class ``malignant``, or of its only class (0 where the metric is used without a data set).
        hit_pixels_of: whose pixels distances of centres are measured in: ``own``, ``FFDM``, ``SM`` or ``DBT``; see
            :class:`~mammo_plugins.evaluation.hit_rules.CentreHit`. The protocols' own choice, ``own``, where None.
        hit_radius_px: how far centres may be apart there, where half of the box's diagonal is shorter; the protocols'
            own choice, 100, where None.
        targets: categories or finding types (``mass``) that are to be found; the protocols' own choice where None.
        prefix, collect_device, collect_dir: as for every metric of mmengine.
    """

    default_prefix = ''  # the protocol stands in front of each number

    def __init__(
        self,
        ann_file: str | Path,
        protocols: Sequence[str] = ('mm3d', 'mm3d-2d'),
        split: str | None = None,
        modality: str | Sequence[str] | None = None,
        bootstrap: int = 0,
        seed: int = 0,
        outfile: str | Path | None = None,
        malignant_label: int | None = None,
        hit_pixels_of: str | None = None,
        hit_radius_px: float | None = None,
        targets: Sequence[str] | None = None,
        prefix: str | None = None,
        collect_device: str = 'cpu',
        collect_dir: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix, collect_dir=collect_dir)
        self.ann_file = Path(ann_file)
        self.protocols = choose_protocols(protocols, hit_pixels_of, hit_radius_px, targets)
        self.split, self.modality = split, modality
        self.bootstrap, self.seed = bootstrap, seed
        self.outfile = outfile
        self.malignant_label = malignant_label

    def process(self, data_batch: Any, data_samples: Sequence[Sample]) -> None:
        """Keeps the predictions of a batch: one entry a sample, since mmengine cuts padding by counting entries.

        Args:
            data_batch: unused.
            data_samples: breasts (:class:`~mammo_plugins.structures.case_sample.MammoCaseSample`) or single images,
                as objects or as the dictionaries that mmengine makes of them.

        Raises:
            ValueError: a sample has no image id or no predictions, or nothing tells which class counts.
        """
        for sample in data_samples:
            self.results.append([self._read_view(view) for view in views_of_modality(sample, self.modality)])

    def compute_metrics(self, results: list[list[dict[str, Any]]]) -> dict[str, float]:
        """Scores all collected predictions; runs in the main process only.

        Raises:
            ValueError: an image is not in the annotation file, or not of the split and modality.
        """
        by_id = {view['image_id']: view for case in reversed(results) for view in case}  # first one wins
        annotations = self._seen_annotations(set(by_id))
        named = zip(image_keys(annotations.images), annotations.images, strict=True)
        parts = [self._image_predictions(by_id[image.id], image, key) for key, image in named]
        predictions = gather_predictions(parts)
        if self.outfile is not None:
            write_predictions(self.outfile, predictions)
            print_log(f'predictions written to {self.outfile}', logger='current')
        scored = [
            evaluate_detections(predictions, annotations, protocol, bootstrap=self.bootstrap, seed=self.seed)
            for protocol in self.protocols
        ]
        _log_notes(scored)
        return _flatten(scored)

    def _read_view(self, view: Sample) -> dict[str, Any]:
        image_id, instances = view.get('image_id', view.get('img_id')), view.get('pred_instances')
        if image_id is None or instances is None:
            missing = 'image_id' if image_id is None else 'pred_instances'
            raise ValueError(f'a sample with the fields {sorted(view.keys())} has no {missing}: add it when packing')
        scores = _array(instances.get('scores'))
        labels, slices = instances.get('labels'), instances.get('slices')
        counted = np.ones(len(scores), bool) if labels is None else _array(labels) == self._counted_label()
        malignancy, lesions = view.get('pred_malignancy'), instances.get('lesions')
        return {
            'image_id': int(image_id),
            'boxes_xyxy': _array(instances.get('bboxes'))[counted],
            'slices': None if slices is None else _array(slices)[counted],
            'scores': scores[counted],
            'image_score': None if malignancy is None else float(malignancy),
            'note': view.get('pred_note', ''),
            'lesions': None if lesions is None else _array(lesions)[counted],
        }

    def _counted_label(self) -> int:
        classes = list((self.dataset_meta or {}).get('classes', ()))
        if self.malignant_label is not None or len(classes) < 2:
            return self.malignant_label or 0
        if 'malignant' not in classes:
            raise ValueError(
                f'none of the classes {", ".join(classes)} is called malignant: set malignant_label of the evaluator '
                'to the label that is to be scored'
            )
        return classes.index('malignant')

    def _seen_annotations(self, seen: set[int]) -> AnnotationSet:
        everything = read_annotations(self.ann_file)
        selected = everything.select(modality=self.modality, split=self.split)
        strangers = seen - {image.id for image in selected.images}
        if strangers:
            raise ValueError(
                f'predictions for image {min(strangers)}, which is not in {self.ann_file} with split={self.split!r} '
                f'and modality={self.modality!r} ({len(strangers)} such images): give the data set and the metric the '
                'same selection'
            )
        if len(seen) < len(selected.images):
            print_log(
                f'scoring the {len(seen)} images that were predicted, of {len(selected.images)} selected ones',
                logger='current',
                level=logging.WARNING,
            )
        return selected.keep(image.id in seen for image in selected.images)

    @staticmethod
    def _image_predictions(view: dict[str, Any], image: ImageRecord, key: ImageKey) -> ImagePredictions:
        if view['slices'] is None and image.num_slices > 1:
            raise ValueError(f'volume {key} is predicted without slices: pred_instances lacks "slices"')
        slices = np.zeros(len(view['scores'])) if view['slices'] is None else view['slices']
        numbers = view['scores'], view['image_score']
        return ImagePredictions(key, view['boxes_xyxy'], slices, *numbers, view['note'], view['lesions'])


def _array(values: Any) -> np.ndarray:
    return values.detach().cpu().numpy() if hasattr(values, 'detach') else np.asarray(values)


def _log_notes(scored: list[DetectionResult]) -> None:
    lines = list(dict.fromkeys(note for result in scored for note in result.notes))
    for result in scored:
        for name, estimate in result.metrics().items():
            if estimate.reason:
                lines.append(f'{result.protocol} {name}: {estimate.reason}')
    for line in lines:
        print_log(line, logger='current')


def _flatten(scored: list[DetectionResult]) -> dict[str, float]:
    metrics: dict[str, float] = {}
    for result in scored:
        for name, estimate in (result.numbers | result.slice_errors).items():
            metrics |= _with_error(f'{result.protocol}/{name}', estimate)
    for name, estimate in ({'breast_auc': scored[0].breast_auc} | scored[0].breast_numbers).items():
        metrics |= _with_error(name, estimate)
    counts = scored[0].counts
    return metrics | {
        'num_breasts': counts['breasts'],
        'num_images': counts['images'],
        'num_findings': counts['findings'],
        'num_unannotated_images': counts['unannotated_malignant_images'],
    }


def _with_error(name: str, estimate: Estimate) -> dict[str, float]:
    error = {f'{name}_se': estimate.standard_error} if estimate.method else {}
    return {name: estimate.value} | error
