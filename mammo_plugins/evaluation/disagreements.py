"""Where several models disagree: which lesions each found, and in which views each saw one that is not there.

Glossary: M models, K lesions, V views; a view is counted as found where every lesion in it is.

Source: SM/FFDM fusion, sections 3 and 6.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .detection_truth import DetectionTruth, truth_to_evaluate
from .found_summaries import split_names, summarise_found, summarise_patterns
from .joined_views import JoinedLesion, JoinedView, join_lesions, join_views
from .matching import MatchedDetections, locate_images, match_detections, select_findings
from .predictions import Predictions
from .protocols import DetectionProtocol, get_protocol

if TYPE_CHECKING:
    from mammo_plugins.io import AnnotationSet

UNANNOTATED = 'images of malignant views whose findings are not all annotated'


@dataclass(frozen=True)
class ComparedModel:
    """A model at one threshold.

    Args:
        name: what it is called.
        predictions: what it found in the evaluated images of its modality.
        modality: ``FFDM``, ``SM`` or ``DBT``: what it reads.
        threshold: predictions with at least this score pass; chosen on other images.
    """

    name: str
    predictions: Predictions
    modality: str
    threshold: float


@dataclass(frozen=True)
class ScoredModel:
    """A model's predictions, matched.

    Args:
        model: the model.
        predictions: N rows of evaluated images.
        matched: the same, matched.
        annotations: the I images and the findings that the matching is of.
    """

    model: ComparedModel
    predictions: Predictions
    matched: MatchedDetections
    annotations: AnnotationSet

    @property
    def passes(self) -> np.ndarray:
        """(N,) whether each prediction reaches the threshold."""
        return self.predictions.scores >= self.model.threshold

    def found(self) -> set[int]:
        """The findings that are hit by a prediction that passes, each by its identity (``id``)."""
        hit = np.unique(self.matched.finding_index[self.passes & (self.matched.finding_index >= 0)])
        return {id(self.annotations.findings[position]) for position in self.matched.findings[hit].tolist()}

    def false_positives(self) -> Counter[int]:
        """Id of an image to the number of predictions that pass and hit nothing."""
        images = self.matched.image_index[self.passes & self.matched.is_fp]
        return Counter(self.annotations.images[position].id for position in images.tolist())


@dataclass(frozen=True)
class Disagreements:
    """What some models found and what they saw where nothing is.

    Args:
        models: the M models.
        views: the V views that all models could see.
        lesions: the K lesions in them.
        found: (K, M) whether a prediction that passes hits the lesion.
        false_positives: (V, M) predictions that pass and hit no finding.
        left_out: reason to the number of images or findings that are not compared.
        scored: name of each model to its predictions, matched.
    """

    models: tuple[ComparedModel, ...]
    views: tuple[JoinedView, ...]
    lesions: tuple[JoinedLesion, ...]
    found: np.ndarray
    false_positives: np.ndarray
    left_out: dict[str, int]
    scored: dict[str, ScoredModel]

    @property
    def names(self) -> list[str]:
        """Of the models."""
        return [model.name for model in self.models]

    @property
    def found_in_views(self) -> tuple[np.ndarray, np.ndarray]:
        """(L,) the views with lesions, and (L, M) whether a model found every lesion in each."""
        place = np.array([lesion.view for lesion in self.lesions], np.int64)
        views = np.unique(place)
        missed = np.zeros((len(self.views), len(self.models)), np.int64)
        np.add.at(missed, place, ~self.found)
        return views, missed[views] == 0

    def as_dict(self) -> dict[str, Any]:
        """All counts, and every lesion and false view by itself, in plain values for json."""
        views, found_in_views = self.found_in_views
        types = [lesion.type for lesion in self.lesions]
        densities = [view.label('density') for view in self.views]
        return {
            'lesions': summarise_found(self.names, self.found, {'type': types}),
            'views': summarise_found(self.names, found_in_views, {}),
            'false_positives': self._false_positive_counts(densities),
            'left_out': self.left_out,
            'each_lesion': [
                {
                    **_names_of(self.views[lesion.view]),
                    'lesion_id': lesion.lesion_id,
                    'type': lesion.type,
                    **split_names(self.names, row),
                }
                for lesion, row in zip(self.lesions, self.found.tolist())
            ],
            'each_false_view': [
                {**_names_of(view), 'density': density, 'false_positives': dict(zip(self.names, row))}
                for view, density, row in zip(self.views, densities, self.false_positives.tolist())
                if any(row)
            ],
        }

    def _false_positive_counts(self, densities: Sequence[str]) -> dict[str, Any]:
        total = self.false_positives.sum(axis=0).tolist()
        return {
            'views': len(self.views),
            'total': dict(zip(self.names, total)),
            'per_view': {name: n / len(self.views) if self.views else None for name, n in zip(self.names, total)},
            'patterns': [
                {
                    'seen_by': pattern['found_by'],
                    'not_seen_by': pattern['missed_by'],
                    'views': pattern['count'],
                    'by_density': pattern['by_density'],
                }
                for pattern in summarise_patterns(self.names, self.false_positives > 0, {'density': densities})
            ],
        }


def find_disagreements(
    models: Sequence[ComparedModel],
    annotations: AnnotationSet,
    protocol: str | DetectionProtocol = 'center-hit',
) -> Disagreements:
    """Joins what some models found.

    Args:
        models: two or more, of one modality or of several.
        annotations: the evaluated images, in all modalities of the models.
        protocol: says when a prediction hits a finding, and which findings are to be found.

    Raises:
        ValueError: fewer than two models, two of one name, no view that all models could see, or predictions and
            annotations do not fit together.
    """
    names = [model.name for model in models]
    if len(models) < 2 or len(set(names)) < len(names):
        raise ValueError(f'a comparison needs two or more models of different names, got {", ".join(names) or "none"}')
    return join_found(models, annotations, protocol)


def join_found(
    models: Sequence[ComparedModel], annotations: AnnotationSet, protocol: str | DetectionProtocol
) -> Disagreements:
    """As :func:`find_disagreements`, also of a single model: what it found and missed, and where nothing is.

    Raises:
        ValueError: as there, but for the number of models.
    """
    protocol = get_protocol(protocol)
    modalities = list(dict.fromkeys(model.modality for model in models))
    truths = {modality: truth_to_evaluate(annotations.select(modality=modality)) for modality in modalities}
    joined, left_out = join_views(annotations, modalities)
    views, unknown = _annotated(joined, annotations, truths, protocol)
    if not views:
        raise ValueError(f'no view is there in {" and ".join(modalities)} with all its findings: {left_out | unknown}')
    lesions, unlinked = join_lesions(views, annotations, protocol.targets)
    scored = {model.name: _score(model, annotations, truths[model.modality], protocol) for model in models}
    found, false_positives = [], []
    for one in scored.values():
        hits, wrong, modality = one.found(), one.false_positives(), one.model.modality
        found.append([any(id(finding) in hits for finding in lesion.findings[modality]) for lesion in lesions])
        false_positives.append([wrong[view.images[modality].id] for view in views])
    return Disagreements(
        models=tuple(models),
        views=tuple(views),
        lesions=tuple(lesions),
        found=np.array(found, bool).reshape(len(models), len(lesions)).T,
        false_positives=np.array(false_positives, np.int64).T,
        left_out=left_out | unknown | unlinked,
        scored=scored,
    )


def _names_of(view: JoinedView) -> dict[str, Any]:
    first = view.first
    return {
        'patient_id': first.patient_id,
        'study_uid': first.study_uid,
        'view': {modality: image.view_name for modality, image in view.images.items()},
    }


def _annotated(
    views: Sequence[JoinedView],
    annotations: AnnotationSet,
    truths: Mapping[str, DetectionTruth],
    protocol: DetectionProtocol,
) -> tuple[list[JoinedView], dict[str, int]]:
    """The views whose images all count, and reason to the number of images of the others."""
    excluded: set[int] = set()
    for modality, truth in truths.items():
        left_out, _ = select_findings(truth, protocol)
        images = annotations.select(modality=modality).images
        excluded |= {image.id for image, is_out in zip(images, left_out) if is_out}
    kept = [view for view in views if not excluded & {image.id for image in view.images.values()}]
    dropped = (len(views) - len(kept)) * len(truths)
    return kept, {UNANNOTATED: dropped} if dropped else {}


def _score(
    model: ComparedModel, annotations: AnnotationSet, truth: DetectionTruth, protocol: DetectionProtocol
) -> ScoredModel:
    located, image_index, _ = locate_images(model.predictions, truth)
    matched = match_detections(located, image_index, truth, protocol)
    return ScoredModel(model, located, matched, annotations.select(modality=model.modality))
