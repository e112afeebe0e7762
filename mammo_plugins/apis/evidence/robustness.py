"""What the numbers are when the images are not what they were, and how far they moved."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from mammo_plugins.evaluation import compare_detections, compare_labels
from mammo_plugins.evaluation.functional import PairedDifference
from mammo_plugins.io import AnnotationSet

from .list_predictor import ListPredictor
from .perturbations import MEANINGS, MISSING_VIEW, without_second_views
from .plan import EvidencePlan
from .predicted import PredictedList
from .scoring import BREASTS, TITLES


def measure_robustness(
    plan: EvidencePlan,
    listed: AnnotationSet,
    analysed: AnnotationSet,
    predicted: PredictedList,
    predictor: ListPredictor,
) -> list[dict[str, Any]]:
    """Predicts changed images and gives, for each change the plan names, every number's difference with its interval.

    Args:
        plan: names the changes.
        listed: the images that are predicted.
        analysed: those of them that are scored.
        predicted: what the model says of the images as they are.
        predictor: the model.
    """
    scored = {image.id for image in analysed.images}
    return [_measure(name, plan, listed, scored, predicted, predictor) for name in plan.content['robustness']]


def _measure(
    name: str,
    plan: EvidencePlan,
    listed: AnnotationSet,
    scored: Collection[int],
    predicted: PredictedList,
    predictor: ListPredictor,
) -> dict[str, Any]:
    told: dict[str, Any] = {'change': name, 'meaning': MEANINGS[name], 'differences': []}
    shown = without_second_views(listed) if name == MISSING_VIEW else listed
    if reason := _why_not(name, listed, shown, predictor):
        return {**told, 'not_done': reason}
    change = None if name == MISSING_VIEW else plan.content['robustness'][name]
    try:
        changed = predictor.predict(shown, change=change, title=name)
    except ValueError as error:
        return {**told, 'not_done': str(error)}
    lost = set(changed.unreadable) | set(changed.left_out)
    kept = shown.keep(image.id in scored and image.id not in lost for image in shown.images)
    return {**told, 'images': len(kept.images), 'differences': _differences(plan, kept, predicted, changed)}


def _why_not(name: str, annotations: AnnotationSet, shown: AnnotationSet, predictor: ListPredictor) -> str:
    if name != MISSING_VIEW:
        return ''
    if predictor.group_by != 'breast':
        return f'the model reads each {predictor.group_by} by itself, so that no other view can be missing'
    return '' if len(shown.images) < len(annotations.images) else 'no breast has both views'


def _differences(
    plan: EvidencePlan, annotations: AnnotationSet, before: PredictedList, after: PredictedList
) -> list[dict[str, Any]]:
    how = dict(bootstrap=plan.content['bootstrap']['replicates'], seed=plan.content['bootstrap']['seed'], lenient=True)
    found = []
    if before.findings is not None and after.findings is not None:
        for place, protocol in enumerate(plan.protocols()):
            result = compare_detections(before.findings, after.findings, annotations, protocol, **how)
            for number, difference in result.differences.items():
                if not number.startswith('breast_'):
                    found.append(_entry(protocol.name, number, difference))
                elif not place:  # the same for every protocol
                    found.append(_entry(BREASTS, number, difference))
    tables = {table.unit: table for table in after.labels}
    for table in before.labels:
        if table.unit in tables:
            threshold = plan.content['scoring']['label_threshold']
            results = compare_labels(
                table, tables[table.unit], annotations, threshold=threshold, allow_unlabelled=True, **how
            )
            for label, result in results.items():
                protocol = f'label of each {table.unit.lower()}'
                found += [_entry(protocol, f'{label}: {name}', one) for name, one in result.differences.items()]
    return found


def _entry(protocol: str, number: str, difference: PairedDifference) -> dict[str, Any]:
    return {'protocol': protocol, 'number': TITLES.get(number, number), **difference.as_dict()}
