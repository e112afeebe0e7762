"""Scores which findings of CC and MLO a model takes for one lesion."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from mmdet.registry import METRICS
from mmengine.evaluator import BaseMetric
from mmengine.structures import BaseDataElement

from mammo_plugins.evaluation.functional import PairCounts, count_pairs
from mammo_plugins.evaluation.hit_rules import ROUNDING, pairwise_iou
from mammo_plugins.evaluation.pair_decisions import BreastKey, PairDecisions, evaluate_pairs, write_pair_decisions
from mammo_plugins.io import FindingRecord, read_annotations

from .sample_views import views_of_modality


@METRICS.register_module()
class LesionPairMetric(BaseMetric):
    """Of the lesions that are annotated in both views of a breast, how many are matched, and how many pairs are false.

    A finding hits the annotated finding that it overlaps most, by ``min_iou`` or more. Results: ``recall``,
    ``recall_of_detected`` (of lesions that are found in both views), ``false_pairs_per_breast``, ``num_lesions``,
    ``num_matched``, ``num_false_pairs`` and ``num_undecided`` (pairs of lesions without id). Breasts that are not seen
    in two views are left out, and so are those with a malignant finding that nobody marked.

    Where the model gives ``lesion_embeddings``, every pair of a CC and an MLO finding that has one is a decision by
    their distance alone: ``balanced_accuracy`` and the like, see
    :func:`~mammo_plugins.evaluation.pair_decisions.evaluate_pairs`.

    Args:
        ann_file: annotation file that the predicted images are in.
        split, modality: as for every metric of this project; images are found by their id.
        classes: annotated findings that count: a category, a type such as ``mass``, or ``any``.
        min_iou: least overlap of a hit.
        outfile: where the decisions go as CSV, see :mod:`~mammo_plugins.evaluation.pair_decisions`; None for nowhere.
        prefix, collect_device, collect_dir: as for every metric of mmengine.
    """

    default_prefix = 'pairs'

    def __init__(
        self,
        ann_file: str | Path,
        split: str | None = None,
        modality: str | Sequence[str] | None = None,
        classes: Sequence[str] = ('malignant',),
        min_iou: float = 0.5,
        outfile: str | Path | None = None,
        prefix: str | None = None,
        collect_device: str = 'cpu',
        collect_dir: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix, collect_dir=collect_dir)
        if isinstance(classes, str):
            raise ValueError(f'classes is a list of names, got {classes!r}')
        self.ann_file, self.split, self.modality = Path(ann_file), split, modality
        self.classes, self.min_iou, self.outfile = tuple(classes), min_iou, outfile

    def process(self, data_batch: Any, data_samples: Sequence[Mapping[str, Any] | BaseDataElement]) -> None:
        """Keeps boxes and lesion numbers of each view.

        Raises:
            ValueError: a model does not match findings.
        """
        for sample in data_samples:
            self.results.append([_read_view(view) for view in views_of_modality(sample, self.modality)])

    def compute_metrics(self, results: list[list[dict[str, Any]]]) -> dict[str, float]:
        """Counts over all breasts, and the decisions about pairs."""
        annotations = read_annotations(self.ann_file)
        total, breasts = PairCounts(), 0
        decisions: list[tuple[BreastKey, float, float]] = []
        for views in results:
            images = [annotations.image(view['image_id']) for view in views]
            if len(views) != 2 or not all(map(annotations.is_annotated, images)):
                continue
            truths = [self._targets(annotations.findings_of(image.id)) for image in images]
            hits = [_hits(view['boxes_xywh'], truth, self.min_iou) for view, truth in zip(views, truths, strict=True)]
            total += _count(views, truths, hits)
            breasts += 1
            key = BreastKey(images[0].patient_id, images[0].study_uid, images[0].view_key.laterality.value)
            decisions += [(key, distance, same) for distance, same in _decide(views, hits)]
        keys, distances, same = zip(*decisions) if decisions else ((), (), ())
        pairs = PairDecisions(tuple(keys), np.array(distances, np.float64), np.array(same, np.float64))
        if self.outfile is not None:
            write_pair_decisions(self.outfile, pairs)
        numbers = evaluate_pairs(pairs, annotations).numbers if keys else {}
        return {
            **{name: estimate.value for name, estimate in numbers.items()},
            'recall': total.recall,
            'recall_of_detected': total.recall_of_detected,
            'false_pairs_per_breast': total.false_pairs / breasts if breasts else float('nan'),
            'num_breasts': breasts,
            'num_lesions': total.lesions,
            'num_detected': total.detected,
            'num_matched': total.matched,
            'num_false_pairs': total.false_pairs,
            'num_undecided': total.undecided,
        }

    def _targets(self, findings: Sequence[FindingRecord]) -> list[FindingRecord]:
        return [
            finding
            for finding in findings
            if 'any' in self.classes or {finding.category, finding.attributes.get('type')} & set(self.classes)
        ]


def _read_view(view: Mapping[str, Any] | BaseDataElement) -> dict[str, Any]:
    instances = view.get('pred_instances')
    if instances is None or 'lesions' not in instances:
        raise ValueError(
            f'image {view.get("image_id")} has no pred_instances.lesions: the model does not match findings, use one '
            'such as MassMatchingDetector'
        )
    boxes = np.asarray(instances['bboxes'].cpu(), dtype=np.float64)
    embeddings = instances['lesion_embeddings'].cpu() if 'lesion_embeddings' in instances else np.zeros((len(boxes), 0))
    labels = instances['labels'].cpu() if 'labels' in instances else np.zeros(len(boxes))
    return {
        'embeddings': np.asarray(embeddings, dtype=np.float64),
        'labels': np.asarray(labels),
        'image_id': int(view.get('image_id')),
        'boxes_xywh': np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1),
        'lesions': np.asarray(instances['lesions'].cpu()),
    }


def _decide(views: Sequence[Mapping[str, Any]], hits: Sequence[Sequence[str | None]]) -> list[tuple[float, float]]:
    """Distance and truth of each pair of findings of one class that have an embedding; NaN where it is not known."""
    first, second = views
    pairs = []
    for i, j in product(*(np.flatnonzero(_has_embedding(view['embeddings'])).tolist() for view in views)):
        if first['labels'][i] != second['labels'][j]:
            continue
        one, other = hits[0][i], hits[1][j]
        both = one is not None and other is not None
        known = not both or (one and other)
        distance = float(np.linalg.norm(first['embeddings'][i] - second['embeddings'][j]))
        pairs.append((distance, float(both and one == other) if known else float('nan')))
    return pairs


def _has_embedding(embeddings: np.ndarray) -> np.ndarray:
    return ~np.isnan(embeddings).any(axis=1) if embeddings.shape[1] else np.zeros(len(embeddings), bool)


def _count(
    views: Sequence[Mapping[str, Any]], truths: Sequence[list[FindingRecord]], hits: Sequence[Sequence[str | None]]
) -> PairCounts:
    members: dict[int, list[list[int]]] = defaultdict(lambda: [[], []])
    for side, view in enumerate(views):
        for row in np.flatnonzero(view['lesions'] > 0).tolist():
            members[int(view['lesions'][row])][side].append(row)
    pairs = [(hits[0][i], hits[1][j]) for first, second in members.values() for i in first for j in second]
    ids = [{finding.lesion_id for finding in truth if finding.lesion_id} for truth in truths]
    return count_pairs(pairs, ids[0] & ids[1], (set(hits[0]), set(hits[1])))


def _hits(boxes_xywh: np.ndarray, truth: Sequence[FindingRecord], min_iou: float) -> list[str | None]:
    """The lesion that each box hits, see :data:`~mammo_plugins.evaluation.functional.lesion_pairs.Hit`."""
    if not truth or not len(boxes_xywh):
        return [None] * len(boxes_xywh)
    true = np.array([finding.bbox_xywh for finding in truth], dtype=np.float64)
    count = len(true)
    overlap = pairwise_iou(boxes_xywh.repeat(count, 0), np.tile(true, (len(boxes_xywh), 1))).reshape(-1, count)
    best = overlap.argmax(axis=1)
    return [
        (truth[index].lesion_id or '') if overlap[row, index] >= min_iou - ROUNDING else None
        for row, index in enumerate(best.tolist())
    ]
