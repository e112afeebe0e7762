"""What mmengine calls while testing for the images that a model makes: writes them, and scores nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmdet.registry import METRICS
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log

from mammo_plugins.io import read_annotations

from .sample_maps import index_maps, write_sample_maps


@METRICS.register_module()
class PictureWriter(BaseMetric):
    """Writes ``pred_pictures`` of each image as maps are written; the number is how many images have some.

    ``mammo normals`` scores the folder where the truth is known.

    Args:
        ann_file: annotation file that the predicted images are in.
        outdir: folder for pictures and index; under several processes, one that all of them see.
        split, modality: the images that may occur; None for all.
        prefix, collect_device, collect_dir: as for every metric of mmengine.
    """

    default_prefix = 'pictures'

    def __init__(
        self,
        ann_file: str | Path,
        outdir: str | Path,
        split: str | None = None,
        modality: str | None = None,
        prefix: str | None = None,
        collect_device: str = 'cpu',
        collect_dir: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix, collect_dir=collect_dir)
        self.ann_file, self.outdir = Path(ann_file), Path(outdir)
        self.split, self.modality = split, modality

    def process(self, data_batch: Any, data_samples: Sequence[Mapping[str, Any]]) -> None:
        """Writes the pictures of a batch and keeps one entry a sample, since mmengine cuts padding by counting them.

        Raises:
            ValueError: an image has none; the model must set ``pred_pictures``.
        """
        for sample in data_samples:
            self.results.append(write_sample_maps(self.outdir, sample, self.modality, field='pred_pictures'))

    def compute_metrics(self, results: list[list[dict[str, Any]]]) -> dict[str, float]:
        """Writes the index; runs in the main process only."""
        entries = [one for sample in results for one in sample]
        index_maps(self.outdir, entries, read_annotations(self.ann_file).select(self.modality, self.split))
        print_log(f'pictures written to {self.outdir}', logger='current')
        return {'images': float(len({one['image_id'] for one in entries}))}
