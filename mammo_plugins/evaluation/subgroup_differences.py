"""Whether a subgroup differs from all others: the same drawn patients for both.

Glossary: I images, G findings, P patients, R replicates. A difference is always the subgroup less the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .detection_truth import truth_from_annotations, truth_to_evaluate
from .functional import PairedDifference, draw_patients
from .matching import image_positions, locate_images, match_detections
from .number_samples import NumberSample, sample_difference, sample_numbers
from .predictions import Predictions
from .protocols import DetectionProtocol, get_protocol
from .subgroups import FINDING_GROUPS, groups_of

if TYPE_CHECKING:
    from mammo_plugins.io import AnnotationSet


def subgroup_differences(
    predictions: Predictions,
    annotations: AnnotationSet,
    by: str,
    protocol: str | DetectionProtocol,
    bootstrap: int = 1000,
    seed: int = 0,
    lenient: bool = False,
) -> dict[str, PairedDifference]:
    """The first number of a protocol in each subgroup, against the same number in everything else.

    Args:
        predictions: what was found.
        annotations: the evaluated images.
        by: one of :data:`~.subgroups.SUBGROUPS`.
        protocol: a name or an object of one's own.
        bootstrap: replicates; patients of both sides are drawn together, since one patient may be in both.
        seed: seed of the bootstrap.
        lenient: leave predictions of images that are not evaluated out instead of refusing them.

    Returns:
        Subgroup to difference; of two subgroups, the first, since the other one is its rest; empty where there is one.

    Raises:
        ValueError: as for :func:`~.subgroups.evaluate_subgroups`.
    """
    protocol = get_protocol(protocol)
    truth = truth_to_evaluate(annotations)
    located, image_index, _ = locate_images(predictions, truth, lenient)
    draws = draw_patients(len(truth.patients), bootstrap, np.random.default_rng(seed))
    groups = groups_of(annotations, by, protocol)
    if by in FINDING_GROUPS:
        named = np.unique(groups[truth.is_target(protocol.targets)])

        def number(chosen: np.ndarray) -> NumberSample:
            matched = match_detections(located, image_index, truth, protocol, chosen)
            return _first(sample_numbers(located, image_index, truth, matched, protocol, draws))

    else:
        named = np.unique(groups)
        positions = image_positions(located, truth)
        place = {name: index for index, name in enumerate(truth.patients)}

        def number(chosen: np.ndarray) -> NumberSample:
            part = truth_from_annotations(annotations.keep(chosen))
            found, index, _ = locate_images(located.keep_images(chosen[positions]), part)
            matched = match_detections(found, index, part, protocol)
            own = draws[:, [place[name] for name in part.patients]]
            return _first(sample_numbers(found, index, part, matched, protocol, own))

    compared = named[: len(named) if len(named) > 2 else len(named) - 1]
    return {str(group): sample_difference(number(groups != group), number(groups == group)) for group in compared}


def _first(samples: dict[str, NumberSample]) -> NumberSample:
    return next(iter(samples.values()))
