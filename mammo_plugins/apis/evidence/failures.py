"""The worst misses and the worst false marks, with pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from mammo_plugins.apis.disagreements.panels import lesion_example, view_example
from mammo_plugins.evaluation import ComparedModel, Predictions, image_keys
from mammo_plugins.evaluation.disagreements import Disagreements, ScoredModel, join_found
from mammo_plugins.evaluation.image_names import positions_by_name
from mammo_plugins.evaluation.joined_views import JoinedLesion
from mammo_plugins.io import AnnotationSet, ImageRecord
from mammo_plugins.io.unreadable_image import UnreadableImageError
from mammo_plugins.visualization.disagreement_page import Bucket, Example

from .plan import EvidencePlan

_MODEL = 'model'
MISSES, FALSE_MARKS = 'worst misses', 'worst false marks'


def find_failures(
    plan: EvidencePlan, annotations: AnnotationSet, predictions: Predictions, most: int
) -> tuple[dict[str, Any], list[Bucket], list[str]]:
    """What the model misses at its threshold and where it marks what is not there, under the first protocol.

    The worst misses are lesions that nothing hits, the largest first, then those whose best hit scores lowest. The
    worst false marks are the views with the highest scores of predictions that hit nothing. Without a threshold every
    prediction counts.

    Args:
        plan: the rules.
        annotations: the images that are analysed.
        predictions: of them.
        most: how many of each are listed and drawn.

    Returns:
        Lists, buckets of pictures, and a sentence for each picture that cannot be drawn.
    """
    protocol = plan.protocols()[0]
    threshold = plan.threshold(protocol.name)
    limit = -np.inf if threshold is None else threshold
    found: dict[str, list[_Failure]] = {MISSES: [], FALSE_MARKS: []}
    notes: list[str] = []
    for modality in dict.fromkeys(image.modality for image in annotations.images):
        model = ComparedModel(_MODEL, _of_modality(predictions, annotations, modality), modality, limit)
        try:
            result = join_found([model], annotations, protocol)
        except ValueError as error:  # no image of it has all its findings
            notes.append(f'{modality}: {error}')
            continue
        found[MISSES] += _misses(result, annotations)
        found[FALSE_MARKS] += _false_marks(result, annotations)
    worst = {name: sorted(failures, key=lambda one: one.rank)[:most] for name, failures in found.items()}
    counts = {name: sum(one.count for one in failures) for name, failures in found.items()}
    told = {'protocol': protocol.name, 'threshold': _plain(threshold), 'counts': counts}
    told |= {name: [one.entry for one in failures] for name, failures in worst.items()}
    return told, [_bucket(name, counts[name], failures, notes) for name, failures in worst.items()], notes


@dataclass(frozen=True)
class _Failure:
    """A missed lesion, or a view with false marks.

    Attributes:
        rank: orders the worst first.
        entry: what is told of it.
        draw: gives its picture.
        count: how many failures it is.
    """

    rank: tuple[float, float]
    entry: dict[str, Any]
    draw: Callable[[], Example]
    count: int = 1


def _misses(result: Disagreements, annotations: AnnotationSet) -> list[_Failure]:
    scored = result.scored[_MODEL]
    missed = [lesion for lesion, found in zip(result.lesions, result.found[:, 0], strict=True) if not found]
    return [
        _Failure(
            _miss_rank(scored, lesion),
            _miss(result, scored, lesion),
            partial(lesion_example, result, annotations, lesion),
        )
        for lesion in missed
    ]


def _false_marks(result: Disagreements, annotations: AnnotationSet) -> list[_Failure]:
    best = _false_scores(result.scored[_MODEL])
    return [
        _Failure(
            (-best[view.first.id], 0.0),
            {'image': _name(view.first), 'id': view.first.id, 'score': best[view.first.id]},
            partial(view_example, result, annotations, view),
            int(count),
        )
        for view, count in zip(result.views, result.false_positives[:, 0], strict=True)
        if count
    ]


def _bucket(name: str, count: int, failures: Sequence[_Failure], notes: list[str]) -> Bucket:
    """The pictures; a sentence for each that cannot be drawn is added to ``notes``."""
    examples = []
    for failure in failures:
        try:
            examples.append(failure.draw())
        except UnreadableImageError as error:
            notes.append(f'A picture cannot be drawn: {error.reason}.')
    what = 'missed lesions' if name == MISSES else 'false marks'
    return Bucket(name, f'of {count} {what}', examples)


def _of_modality(predictions: Predictions, annotations: AnnotationSet, modality: str) -> Predictions:
    """The predictions of the images of a modality."""
    images = annotations.select(modality=modality).images
    known = positions_by_name(image_keys(images), [modality] * len(images))
    return predictions.keep_images(np.array([key in known for key in predictions.images], bool))


def _miss_rank(scored: ScoredModel, lesion: JoinedLesion) -> tuple[float, float]:
    area = max(finding.bbox_xywh[2] * finding.bbox_xywh[3] for found in lesion.findings.values() for finding in found)
    score = _best_score(scored, lesion)
    return (-np.inf if score is None else score, -area)


def _best_score(scored: ScoredModel, lesion: JoinedLesion) -> float | None:
    """The highest score of a prediction that hits a lesion; None where none does."""
    ids = {id(finding) for found in lesion.findings.values() for finding in found}
    places = [p for p, index in enumerate(scored.matched.findings) if id(scored.annotations.findings[index]) in ids]
    hits = np.isin(scored.matched.finding_index, places)
    return float(scored.matched.scores[hits].max()) if hits.any() else None


def _miss(result: Disagreements, scored: ScoredModel, lesion: JoinedLesion) -> dict[str, Any]:
    image = result.views[lesion.view].first
    return {
        'image': _name(image),
        'id': image.id,
        'lesion_id': lesion.lesion_id,
        'type': lesion.type,
        'best_score': _best_score(scored, lesion),
    }


def _false_scores(scored: ScoredModel) -> dict[int, float]:
    """Id of an image to the highest score of a prediction that passes and hits nothing."""
    best: dict[int, float] = {}
    rows = np.flatnonzero(scored.passes & scored.matched.is_fp)
    for row in rows[np.argsort(scored.matched.scores[rows], kind='stable')]:
        best[scored.annotations.images[scored.matched.image_index[row]].id] = float(scored.matched.scores[row])
    return best


def _name(image: ImageRecord) -> str:
    return f'{image.patient_id} / {image.study_uid} / {image.view_name} ({image.modality})'


def _plain(threshold: float | None) -> float | None:
    return threshold if threshold is None or np.isfinite(threshold) else None


def failure_tables(told: dict[str, Any]) -> Sequence[tuple[str, list[dict[str, str]]]]:
    """The lists as tables of words."""
    misses = [
        {
            'Image': one['image'],
            'Lesion': ', '.join(filter(None, [one['type'], one['lesion_id'] or ''])),
            'Best score that hits it': 'none' if one['best_score'] is None else f'{one["best_score"]:.4g}',
        }
        for one in told[MISSES]
    ]
    marks = [{'Image': one['image'], 'Highest score': f'{one["score"]:.4g}'} for one in told[FALSE_MARKS]]
    return [(MISSES.capitalize(), misses), (FALSE_MARKS.capitalize(), marks)]
