"""The same numbers for parts of the data: by site, by breast, by kind of finding.

A group of images (manufacturer, density, view) is scored as if the others did not exist. A group of findings (type,
size, EMBED's match level) is scored in all images: the other findings need not be found, and predictions that hit them
do not count.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from .detection_truth import is_target, truth_from_annotations, truth_to_evaluate
from .evaluate import DetectionResult, score_located
from .matching import image_positions, locate_images
from .predictions import Predictions
from .protocols import DetectionProtocol, get_protocol

if TYPE_CHECKING:
    from mammo_plugins.io import AnnotationSet, FindingRecord, ImageRecord

UNKNOWN = 'unknown'
_SIZE_EDGES_MM = (10, 20)


def _projection(image: ImageRecord) -> str:
    return image.view_key.position.value


def _labelled(name: str) -> Callable[[ImageRecord], str]:
    def group(image: ImageRecord) -> str:
        value = image.labels.get(name)
        return UNKNOWN if value in (None, '') else str(value)

    return group


def _size(finding: FindingRecord, image: ImageRecord) -> str:
    """By the longer side of the box: up to 10 mm, up to 20 mm, larger (T1a-b, T1c, T2 and above)."""
    if image.spacing_mm is None:
        return UNKNOWN
    rows_mm, columns_mm = image.spacing_mm
    longest = max(finding.bbox_xywh[2] * columns_mm, finding.bbox_xywh[3] * rows_mm)
    small, large = _SIZE_EDGES_MM
    return f'up to {small} mm' if longest <= small else f'up to {large} mm' if longest <= large else f'over {large} mm'


def _with_attribute(name: str) -> Callable[[FindingRecord, ImageRecord], str]:
    def group(finding: FindingRecord, image: ImageRecord) -> str:
        value = finding.attributes.get(name)
        return UNKNOWN if value in (None, '') else str(value)

    return group


IMAGE_GROUPS: dict[str, Callable[[ImageRecord], str]] = {
    'manufacturer': lambda image: image.manufacturer or UNKNOWN,
    'density': _labelled('density'),
    'birads': _labelled('birads'),
    'view': _projection,
    'modality': lambda image: image.modality_text,
}
FINDING_GROUPS: dict[str, Callable[[FindingRecord, ImageRecord], str]] = {
    'type': _with_attribute('type'),
    'size': _size,
    'match_level': _with_attribute('match_level'),
}
SUBGROUPS = (*IMAGE_GROUPS, *FINDING_GROUPS)


def evaluate_subgroups(
    predictions: Predictions,
    annotations: AnnotationSet,
    by: str,
    protocol: str | DetectionProtocol = 'mm3d',
    bootstrap: int = 0,
    seed: int = 0,
    lenient: bool = False,
) -> dict[str, DetectionResult]:
    """Scores each group by itself.

    Args:
        predictions: what was found.
        annotations: the evaluated images.
        by: one of :data:`SUBGROUPS`.
        protocol: a name from :data:`~mammo_plugins.evaluation.protocols.PROTOCOLS` or an object of one's own.
        bootstrap: replicates for the intervals of the detection numbers, 0 for none.
        seed: seed of the bootstrap.
        lenient: leave predictions of images that are not evaluated out instead of refusing them.

    Returns:
        Group to result, groups in order of their names. A breast whose views fall into different groups is in both,
        each time with the views of that group.

    Raises:
        ValueError: no such grouping, no image is evaluated, the protocol cannot leave single findings out (COCO's
            average precision), or predictions and annotations do not fit together.
    """
    protocol = get_protocol(protocol)
    groups = groups_of(annotations, by, protocol)
    truth = truth_to_evaluate(annotations)
    located, image_index, strangers = locate_images(predictions, truth, lenient)
    if by in FINDING_GROUPS:
        targets = truth.is_target(protocol.targets)
        return {
            str(group): score_located(
                located, image_index, truth, protocol, bootstrap, seed, counted=groups == group, left_out=strangers
            )
            for group in np.unique(groups[targets])
        }
    positions = image_positions(located, truth)
    return {
        str(group): _score_images(located, positions, annotations, groups == group, protocol, bootstrap, seed)
        for group in np.unique(groups)
    }


def groups_of(annotations: AnnotationSet, by: str, protocol: DetectionProtocol) -> np.ndarray:
    """(I,) group of each image, or (G,) of each finding where it is a grouping of findings.

    Raises:
        ValueError: no such grouping, or the protocol cannot leave single findings out (COCO's average precision).
    """
    if by not in SUBGROUPS:
        raise ValueError(f'unknown subgroup {by!r}: choose one of {", ".join(SUBGROUPS)}')
    if by in FINDING_GROUPS:
        _refuse_precisions(protocol)
        return _finding_groups(annotations, by)
    return np.array([IMAGE_GROUPS[by](image) for image in annotations.images], dtype=np.str_)


def findings_of_kind(
    annotations: AnnotationSet, kind: Mapping[str, str], protocol: str | DetectionProtocol
) -> np.ndarray:
    """(G,) which findings are of a kind.

    Args:
        annotations: the evaluated images.
        kind: grouping of findings to the group, such as ``{'type': 'mass'}``; all must fit.
        protocol: names the categories or types that are to be found.

    Raises:
        ValueError: no such grouping, the protocol cannot leave single findings out, or no finding that is to be found
            is of the kind.
    """
    protocol = get_protocol(protocol)
    if unknown := [by for by in kind if by not in FINDING_GROUPS]:
        raise ValueError(f'unknown kind of findings {unknown[0]!r}: choose one of {", ".join(FINDING_GROUPS)}')
    _refuse_precisions(protocol)
    groups = {by: _finding_groups(annotations, by) for by in kind}
    targets = np.array([is_target(finding, protocol.targets) for finding in annotations.findings], bool)
    chosen = np.logical_and.reduce([groups[by] == group for by, group in kind.items()], initial=True) & targets
    if not chosen.any():
        known = {by: sorted(set(found[targets].tolist())) for by, found in groups.items()}
        raise ValueError(f'no finding that is to be found is of the kind {dict(kind)}: there are {known}')
    return chosen


def _finding_groups(annotations: AnnotationSet, by: str) -> np.ndarray:
    """(G,) group of each finding."""
    owner = {image.id: image for image in annotations.images}
    return np.array([FINDING_GROUPS[by](f, owner[f.image_id]) for f in annotations.findings], dtype=np.str_)


def _refuse_precisions(protocol: DetectionProtocol) -> None:
    if protocol.precisions:
        raise ValueError(f'protocol {protocol.name} cannot leave single findings out: group by images instead')


def _score_images(
    predictions: Predictions,
    image_of_prediction: np.ndarray,
    annotations: AnnotationSet,
    chosen: np.ndarray,
    protocol: DetectionProtocol,
    bootstrap: int,
    seed: int,
) -> DetectionResult:
    part = annotations.keep(chosen)
    truth = truth_from_annotations(part)
    located, index, _ = locate_images(predictions.keep_images(chosen[image_of_prediction]), truth)
    return score_located(located, index, truth, protocol, bootstrap, seed)
