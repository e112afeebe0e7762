"""Models whose findings are drawn side by side, and what each of them says about a split.

Glossary: n findings of one image, S slice bins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import track
from torch import nn

from mammo_plugins.apis.inference import build_detector, build_test_dataset, find_malignant_label, predict_cases
from mammo_plugins.apis.report.finding_hits import finding_hits
from mammo_plugins.apis.run_config import load_run_config
from mammo_plugins.datasets.case_dataset import CaseDataset
from mammo_plugins.evaluation import ImagePredictions, choose_threshold, gather_predictions
from mammo_plugins.evaluation.image_names import keys_by_id
from mammo_plugins.io import AnnotationSet, FindingRecord, ImageRecord
from mammo_plugins.structures import SliceBins
from mammo_plugins.structures.case_sample import MammoCaseSample

HIT_PROTOCOL = 'mm3d-2d'  # 2-D IoU of at least 0.25: what models with and without slices can be compared by


@dataclass(frozen=True)
class FigureModel:
    """A trained model and what its column is called.

    Args:
        name: title of the column.
        config: path or name of the config that the checkpoint was trained with. Its test data set says which modality
            the model reads, and how.
        checkpoint: weights, a path or URL.
        cfg_options: overrides of this config alone.
    """

    name: str
    config: str | Path
    checkpoint: str | Path
    cfg_options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class ImageFindings:
    """What a model finds in one image, best first.

    Attributes:
        image: the image.
        place: case of the data set, and view of the case.
        boxes_xyxy: (n, 4) in stored pixels.
        scores: (n,).
        slices: (n,) stored slice.
        slice_weights: (n, S) finding-slice scores, which sum to 1 over the bins.
    """

    image: ImageRecord
    place: tuple[int, int]
    boxes_xyxy: np.ndarray
    scores: np.ndarray
    slices: np.ndarray
    slice_weights: np.ndarray

    @property
    def bins(self) -> SliceBins:
        """The slices that each weight stands for."""
        return SliceBins(self.image.num_slices, self.slice_weights.shape[1])

    def best_match(self, finding: FindingRecord) -> int | None:
        """The highest-scored box that hits a finding in the image plane; None where none does."""
        hits = finding_hits(self.boxes_xyxy, self.slices, [finding], self.image.num_slices, HIT_PROTOCOL)
        matching = np.flatnonzero(hits[:, 0])
        return int(matching[0]) if len(matching) else None


@dataclass(frozen=True)
class LoadedModel:
    """A model that is ready to predict a split."""

    model: FigureModel
    detector: nn.Module
    dataset: CaseDataset


@dataclass(frozen=True)
class ModelFindings:
    """What a model says about a split.

    Attributes:
        model: the model.
        dataset: where its images are from.
        annotations: the images that it predicted.
        by_image: image id to findings.
        threshold: the lowest score that passes, plus infinity where none may.
    """

    model: FigureModel
    dataset: CaseDataset
    annotations: AnnotationSet
    by_image: Mapping[int, ImageFindings]
    threshold: float

    @property
    def modality(self) -> str:
        """What it reads; one modality, or :func:`find_in_split` would have refused it."""
        return self.annotations.images[0].modality

    @property
    def weighs_slices(self) -> bool:
        """Whether its findings have scores of more than one slice."""
        return any(found.slice_weights.shape[1] > 1 for found in self.by_image.values())

    def load_view(self, image_id: int) -> dict[str, Any]:
        """An image as the network gets it, with its geometry; ``case_assembly`` lists the keys."""
        case, view = self.by_image[image_id].place
        return self.dataset.load_case(case)['views'][view]


def load_model(
    model: FigureModel,
    ann_file: str | Path,
    split: str | None,
    *,
    cfg_options: Mapping[str, object] | None = None,
    device: str | None = None,
    trust_checkpoint: bool = False,
) -> LoadedModel:
    """Builds a model and its test data set, with the images of another annotation file.

    Args:
        model: what to load.
        ann_file: annotation file that takes the place of the config's.
        split: images to predict; None for all.
        cfg_options: overrides of its config, before those of the model itself.
        device: see :func:`~mammo_plugins.apis.inference.build_detector`.
        trust_checkpoint: see :func:`~mammo_plugins.apis.run_config.load_run_config`.

    Raises:
        FileNotFoundError: there is no such config, checkpoint or annotation file.
        ValueError: the weights are those of another model, or the split holds no image that the model reads.
    """
    options = {**(cfg_options or {}), **model.cfg_options}
    cfg = load_run_config(model.config, cfg_options=options, trust_checkpoint=trust_checkpoint)
    dataset = build_test_dataset(cfg, ann_file=str(Path(ann_file).resolve()), data_root='', split=split)
    try:
        detector = build_detector(cfg, model.checkpoint, device)
    except ValueError as error:
        raise ValueError(f'{model.name}, {model.config}: {error}') from error
    return LoadedModel(model, detector, dataset)


def find_in_split(loaded: LoadedModel, everything: AnnotationSet, fp_per_volume: float) -> ModelFindings:
    """Predicts every image of a model's data set, and finds the score of an operating point there.

    The threshold is that of these same images, as is that of R@x in a table of results: for showing what a number
    counts, not for choosing a threshold to use.

    Args:
        loaded: the model.
        everything: the annotation file of its data set, all splits.
        fp_per_volume: false positives per volume, by 2-D IoU, that the threshold lets pass at most.

    Raises:
        ValueError: the data set mixes modalities, or it is unknown whether an image is malignant.
    """
    malignant_label = find_malignant_label(loaded.detector, loaded.dataset.classes)
    samples = track(
        predict_cases(loaded.detector, loaded.dataset),
        total=len(loaded.dataset),
        description=f'predicting, {loaded.model.name}',
    )
    by_image: dict[int, ImageFindings] = {}
    for index, sample in enumerate(samples):
        for found in _of_case(index, sample, everything, malignant_label):
            by_image.setdefault(found.image.id, found)  # an image of several cases counts as in the first
    annotations = everything.keep(image.id in by_image for image in everything.images)
    _refuse_mixed(loaded, annotations)
    names = keys_by_id(annotations.images)
    parts = [
        ImagePredictions(names[found.image.id], found.boxes_xyxy, found.slices, found.scores)
        for found in by_image.values()
    ]
    threshold = choose_threshold(gather_predictions(parts), annotations, HIT_PROTOCOL, fp_per_volume)
    return ModelFindings(loaded.model, loaded.dataset, annotations, by_image, threshold)


def _of_case(
    index: int, sample: MammoCaseSample, annotations: AnnotationSet, malignant_label: int
) -> list[ImageFindings]:
    findings = []
    for position, view in enumerate(sample.views):
        kept = view.pred_instances[view.pred_instances.labels == malignant_label]
        kept = kept[kept.scores.argsort(descending=True, stable=True)]
        findings.append(
            ImageFindings(
                image=annotations.image(view.image_id),
                place=(index, position),
                boxes_xyxy=kept.bboxes.double().numpy(),
                scores=kept.scores.double().numpy(),
                slices=kept.slices.numpy(),
                slice_weights=kept.slice_weights.double().numpy(),
            )
        )
    return findings


def _refuse_mixed(loaded: LoadedModel, annotations: AnnotationSet) -> None:
    modalities = sorted({image.modality for image in annotations.images})
    if len(modalities) > 1:
        raise ValueError(
            f'{loaded.model.name}: the test data of {loaded.model.config} mix {" and ".join(modalities)}, and a column '
            f'shows one: set test_dataloader.dataset.modality={modalities[0]} in a config of its own'
        )
