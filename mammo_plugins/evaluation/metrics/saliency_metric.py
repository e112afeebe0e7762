"""The metric that mmengine calls for saliency maps: writes each map as it comes, and scores the folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmdet.registry import METRICS
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log

from mammo_plugins.evaluation.evaluate_saliency import evaluate_saliency
from mammo_plugins.evaluation.image_names import keys_by_id
from mammo_plugins.evaluation.predictions import ImageKey
from mammo_plugins.evaluation.saliency_files import SaliencyMap, write_index, write_map
from mammo_plugins.io import AnnotationSet, read_annotations
from mammo_plugins.structures.sample_predictions import note_sentences

from .sample_views import views_of_modality

MapEntry = Mapping[str, Any]


@METRICS.register_module()
class SaliencyMetric(BaseMetric):
    """Dice, IoU, IoR, IoGT, TIoU, TIoR and PxAP of the maps in ``pred_saliency`` of each image.

    Maps go to disk while predicting; none is kept in memory. The numbers are those of ``mammo evaluate`` on the
    folder, to the last digit, called ``<class>/<number>``, for example ``malignant/TIoU``.

    Args:
        ann_file: annotation file that the predicted images are in.
        outdir: folder for maps and index; under several processes, one that all of them see.
        split, modality: the images that may occur; None for all. Of a case that pairs modalities, the image of this
            one is scored.
        threshold: saliency from which on a pixel is called part of a finding.
        grid: ``map`` or ``image``, what counts: cells of the maps, or stored pixels; see
            :func:`~mammo_plugins.evaluation.evaluate_saliency.evaluate_saliency`.
        bootstrap: replicates for standard errors, 0 for none.
        seed: seed of the bootstrap.
        prefix, collect_device, collect_dir: as for every metric of mmengine.
    """

    default_prefix = 'saliency'

    def __init__(
        self,
        ann_file: str | Path,
        outdir: str | Path,
        split: str | None = None,
        modality: str | None = None,
        threshold: float = 0.5,
        bootstrap: int = 0,
        seed: int = 0,
        grid: str = 'map',
        prefix: str | None = None,
        collect_device: str = 'cpu',
        collect_dir: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix, collect_dir=collect_dir)
        self.ann_file, self.outdir = Path(ann_file), Path(outdir)
        self.split, self.modality = split, modality
        self.threshold, self.bootstrap, self.seed, self.grid = threshold, bootstrap, seed, grid

    def process(self, data_batch: Any, data_samples: Sequence[Mapping[str, Any]]) -> None:
        """Writes the maps of a batch and keeps one entry a sample, since mmengine cuts padding by counting entries.

        Args:
            data_batch: unused.
            data_samples: cases or single images whose views have ``pred_saliency``, ``homography_matrix`` and
                ``img_shape``, as objects or dictionaries.

        Raises:
            ValueError: something is missing, or a map holds other values than 0 to 1.
        """
        for sample in data_samples:
            self.results.append(write_sample_maps(self.outdir, sample, self.modality))

    def compute_metrics(self, results: list[list[dict[str, Any]]]) -> dict[str, float]:
        """Writes the index and scores the folder; runs in the main process only.

        Raises:
            ValueError: an image is not in the annotation file, or not of the split and modality.
        """
        annotations = read_annotations(self.ann_file).select(modality=self.modality, split=self.split)
        entries = [one for sample in results for one in sample]
        strangers = {one['image_id'] for one in entries} - {image.id for image in annotations.images}
        if strangers:
            raise ValueError(
                f'a map of image {min(strangers)}, which is not in {self.ann_file} with split={self.split!r} and '
                f'modality={self.modality!r}: give the data set and the metric the same selection'
            )
        index_maps(self.outdir, entries, annotations)
        print_log(f'saliency maps written to {self.outdir}', logger='current')
        notes = {one['image_id']: one['note'] for one in entries}
        for sentence in note_sentences(Counter(filter(None, notes.values())), len(notes)):
            print_log(sentence, logger='current')
        scored = evaluate_saliency(self.outdir, annotations, self.threshold, self.bootstrap, self.seed, grid=self.grid)
        metrics: dict[str, float] = {}
        for category, result in scored.items():
            for name, estimate in result.numbers.items():
                metrics[f'{category}/{name}'] = estimate.value
                if estimate.method:
                    metrics[f'{category}/{name}_se'] = estimate.standard_error
            for note in result.notes:
                print_log(f'{category}: {note}', logger='current')
        return metrics


def write_sample_maps(
    folder: str | Path, sample: Mapping[str, Any], modality: str | None = None, field: str = 'pred_saliency'
) -> list[MapEntry]:
    """Writes the maps of a predicted case or image, or the pictures that a model made of it.

    Args:
        folder: where the maps go.
        sample: its views have the field, ``homography_matrix`` and ``img_shape``.
        modality: of the image to take of a case that pairs modalities; None for both.
        field: ``pred_saliency`` or ``pred_pictures``.

    Returns:
        What :func:`index_maps` needs of each, as plain values.

    Raises:
        ValueError: something is missing, or a map holds other values than 0 to 1.
    """
    return [
        _write(folder, view, number, category, saliency)
        for view in views_of_modality(sample, modality)
        for number, (category, saliency) in enumerate(_needed(view, field).items())
    ]


def index_maps(folder: str | Path, entries: Iterable[MapEntry], annotations: AnnotationSet) -> None:
    """Writes the index of maps that :func:`write_sample_maps` wrote, in the order of the annotation file."""
    once = {(one['image_id'], one['category']): one for one in entries}
    names = keys_by_id(annotations.images)
    place = {number: index for index, number in enumerate(names)}
    ordered = sorted(once.values(), key=lambda one: (place[one['image_id']], one['file']))
    write_index(folder, [_entry(names[one['image_id']], one) for one in ordered])


def _write(folder: str | Path, view: Mapping[str, Any], number: int, category: str, saliency: Any) -> MapEntry:
    image_id = view.get('image_id', view.get('img_id'))
    if image_id is None:
        raise ValueError(f'a view with the fields {sorted(view.keys())} has no image_id: add it when packing')
    saliency = saliency.detach().cpu().numpy() if hasattr(saliency, 'detach') else np.asarray(saliency)
    height, width = _needed(view, 'img_shape')[:2]
    entry = {
        'image_id': int(image_id),
        'category': str(category),
        'file': f'{int(image_id):07d}_{number}.png',
        'shape': tuple(saliency.shape),
        'covered': (float(height), float(width)),
        'homography': np.asarray(_needed(view, 'homography_matrix'), np.float64),
        'note': view.get('pred_note', ''),
    }
    write_map(folder, _entry(ImageKey('', '', str(image_id)), entry), saliency)
    return entry


def _needed(view: Mapping[str, Any], name: str) -> Any:
    value = view.get(name)
    if value is None:
        raise ValueError(f'a view with the fields {sorted(view.keys())} has no {name}: a saliency map needs it')
    return value


def _entry(key: ImageKey, values: MapEntry) -> SaliencyMap:
    return SaliencyMap(
        key, values['category'], values['file'], values['shape'], values['covered'], values['homography']
    )
