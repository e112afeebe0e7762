"""Predicting the images of a list with a model that stays loaded, as they are or changed."""

from __future__ import annotations

import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from mammo_plugins.apis.inference import (
    build_detector,
    build_test_dataset,
    find_device,
    find_malignant_label,
    predict_cases,
)
from mammo_plugins.apis.model_bundle.choice import ModelChoice
from mammo_plugins.apis.predict.outputs import PredictionWriter
from mammo_plugins.apis.run_config import load_run_config
from mammo_plugins.datasets.case_dataset import CaseDataset
from mammo_plugins.evaluation import read_labels, read_predictions
from mammo_plugins.io import AnnotationSet, write_annotations

from .perturbations import perturbed_loading
from .predicted import PredictedList


class ListPredictor:
    """Builds a model once and predicts lists with it.

    Args:
        choice: the model.
        device: such as ``cpu``; the first GPU by default, the CPU where there is none.
        trust_checkpoint: see :func:`~mammo_plugins.apis.run_config.load_run_config`.
    """

    def __init__(self, choice: ModelChoice, device: str | None = None, trust_checkpoint: bool = False) -> None:
        self._scratch = tempfile.TemporaryDirectory(prefix='mammo-evidence-')
        self._cfg = load_run_config(choice.config, work_dir=self._scratch.name, trust_checkpoint=trust_checkpoint)
        self._choice, self._trusted, self.device = choice, trust_checkpoint, find_device(device)
        self._detector = build_detector(self._cfg, choice.checkpoint, self.device)

    @property
    def group_by(self) -> str:
        """What the model reads together, see :class:`~mammo_plugins.datasets.case_dataset.CaseDataset`."""
        return self._cfg.test_dataloader.dataset.get('group_by', 'breast')

    def predict(
        self,
        annotations: AnnotationSet,
        out: str | Path | None = None,
        *,
        change: Mapping[str, Any] | None = None,
        batch_size: int = 1,
        title: str = 'predicting',
    ) -> PredictedList:
        """Predicts every image of a list that can be read.

        Args:
            annotations: the images.
            out: folder for the tables, and maps where the model gives them; None keeps none.
            change: a transform that changes each image as it was read, see :mod:`.perturbations`.
            batch_size: cases at once.
            title: of the progress bar.

        Raises:
            ValueError: no image can be read, or the model gives nothing.
        """
        with tempfile.TemporaryDirectory(dir=self._scratch.name) as scratch:
            dataset = self._dataset(annotations, Path(scratch) / 'list.json', change)
            writer = PredictionWriter(Path(out or scratch), annotations)
            seconds: dict[tuple[str, str], float] = defaultdict(float)
            cases = predict_cases(self._detector, dataset, batch_size)
            begun = time.perf_counter()
            for case in track(cases, title, total=len(dataset), console=Console(stderr=True)):
                writer.add(case)
                first = annotations.image(case.views[0].image_id)
                seconds[first.patient_id, first.study_uid] += time.perf_counter() - begun
                begun = time.perf_counter()
            files = writer.finish(lambda: find_malignant_label(self._detector, dataset.classes))
            return PredictedList(
                findings=None if files.csv is None else read_predictions(files.csv),
                labels=[read_labels(path) for path in files.labels],
                unreadable=_by_image(dataset.unreadable, annotations),
                left_out=_by_image(dataset.dropped, annotations),
                study_seconds=dict(seconds) if batch_size == 1 else {},
                device=str(self.device),
            )

    def on(self, device: str) -> ListPredictor:
        """The same model on another device."""
        return ListPredictor(self._choice, device, self._trusted)

    def _dataset(self, annotations: AnnotationSet, path: Path, change: Mapping[str, Any] | None) -> CaseDataset:
        write_annotations(path, _with_absolute_root(annotations))
        loading = self._cfg.test_dataloader.dataset.loading
        return build_test_dataset(
            self._cfg,
            ann_file=str(path),
            data_root='',
            split=None,
            filter_cfg=None,
            subset=None,
            volume_cache=None,
            cache_in_memory=False,
            on_error='skip-report',
            loading=loading if change is None else perturbed_loading(loading, change),
        )


def _with_absolute_root(annotations: AnnotationSet) -> AnnotationSet:
    base = (annotations.path.parent if annotations.path else Path()).absolute()
    images = [replace(image, split=None) for image in annotations.images]
    return AnnotationSet(images, annotations.findings, {'root': str(base / annotations.info.get('root', ''))})


def _by_image(reasons: Mapping[str, str], annotations: AnnotationSet) -> dict[int, str]:
    """Reasons by image instead of by path; folders may say who somebody is."""
    of_path = {str(annotations.resolve_path(image).absolute()): image for image in annotations.images}
    found = {}
    for path, reason in reasons.items():
        image = of_path[str(Path(path).absolute())]
        found[image.id] = reason.replace(path, Path(path).name)
    return found
