"""The metric that mmengine calls for saliency maps: writes each map as it comes, and scores the folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmdet.registry import METRICS
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log

from mammo_plugins.evaluation.evaluate_saliency import evaluate_saliency
from mammo_plugins.io import read_annotations
from mammo_plugins.structures.sample_predictions import note_sentences

from .sample_maps import SampleMaps, index_saliency, write_saliency


@METRICS.register_module()
class SaliencyMetric(BaseMetric):
    """Dice, IoU, IoR, IoGT, TIoU, TIoR and PxAP of the maps in ``pred_saliency`` of each image.

    Maps go to disk while predicting; none is kept in memory. Further maps (``pred_further_saliency``) go into folders
    in that of the maps, and patches (``pred_patches``) into a table; neither is scored. The numbers are those of
    ``mammo evaluate`` on the folder, to the last digit, called ``<class>/<number>``, such as ``malignant/TIoU``.

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
            self.results.append(write_saliency(self.outdir, sample, self.modality))

    def compute_metrics(self, results: list[SampleMaps]) -> dict[str, float]:
        """Writes the index and scores the folder; runs in the main process only.

        Raises:
            ValueError: an image is not in the annotation file, or not of the split and modality.
        """
        annotations = read_annotations(self.ann_file).select(modality=self.modality, split=self.split)
        entries = [one for sample in results for one in sample.maps]
        strangers = {one['image_id'] for one in entries} - {image.id for image in annotations.images}
        if strangers:
            raise ValueError(
                f'a map of image {min(strangers)}, which is not in {self.ann_file} with split={self.split!r} and '
                f'modality={self.modality!r}: give the data set and the metric the same selection'
            )
        index_saliency(self.outdir, results, annotations)
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
