"""Means over groups of images, such as the vendors that a model was trained on and those that it was not.

Each group weighs the same, however many images it has. For the interval, patients are drawn once from all groups
together, and every group is scored on those of its own patients that were drawn: a patient whose images are in two
groups comes or stays away in both.

Source: of the means, MSVCL v2 (Li et al.), tables II to V, which give no intervals.

Glossary: R replicates, P patients.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .breast_scores import scored_breasts
from .detection_truth import truth_from_annotations, truth_to_evaluate
from .evaluate_labels import label_cases
from .functional import Estimate, draw_patients
from .label_predictions import LabelPredictions
from .label_truth import images_by_unit
from .matching import image_positions, locate_images, match_detections
from .number_samples import NumberSample, sample_breast_auc, sample_breast_numbers, sample_numbers
from .predictions import Predictions
from .protocols import DetectionProtocol, get_protocol
from .subgroups import IMAGE_GROUPS

if TYPE_CHECKING:
    from mammo_plugins.io import AnnotationSet

Averages = Mapping[str, Sequence[str]]
"""Name of a mean to the groups that it is over."""


@dataclass(frozen=True)
class GroupAverage:
    """The mean of each number over some groups.

    Args:
        groups: what it is over.
        numbers: by name; NaN where a group lacks the number, with the group in ``reason``.
    """

    groups: tuple[str, ...]
    numbers: dict[str, Estimate]

    def as_dict(self) -> dict[str, object]:
        """Plain values for json."""
        return {
            'groups': list(self.groups),
            'metrics': {name: estimate.as_dict() for name, estimate in self.numbers.items()},
        }


def average_detections(
    predictions: Predictions,
    annotations: AnnotationSet,
    by: str,
    averages: Averages,
    protocol: str | DetectionProtocol = 'mm3d',
    bootstrap: int = 0,
    seed: int = 0,
    lenient: bool = False,
) -> dict[str, GroupAverage]:
    """Means of what :func:`~.subgroups.evaluate_subgroups` gives.

    Args:
        predictions: what was found.
        annotations: the evaluated images.
        by: a grouping of images.
        averages: mean to groups.
        protocol: a name or an object of one's own.
        bootstrap: replicates for the intervals, 0 for none.
        seed: seed of the bootstrap.
        lenient: leave predictions of images that are not evaluated out instead of refusing them.

    Raises:
        ValueError: no such grouping of images or group, or predictions and annotations do not fit together.
    """
    protocol = get_protocol(protocol)
    truth = truth_to_evaluate(annotations)
    located, _, _ = locate_images(predictions, truth, lenient)
    positions = image_positions(located, truth)
    group_of_image = groups_of_images(annotations, by, averages)
    draws = _draws(len(truth.patients), bootstrap, seed)
    place = {name: index for index, name in enumerate(truth.patients)}
    samples = {}
    for group in named_groups(averages):
        chosen = group_of_image == group
        part = truth_from_annotations(annotations.keep(chosen))
        found, index, _ = locate_images(located.keep_images(chosen[positions]), part)
        own = None if draws is None else draws[:, [place[name] for name in part.patients]]
        matched = match_detections(found, index, part, protocol)
        breasts = scored_breasts(found, index, part)
        samples[group] = (
            sample_numbers(found, index, part, matched, protocol, own)
            | {'breast_auc': sample_breast_auc(breasts, own)}
            | sample_breast_numbers(breasts, own)
        )
    return {name: average_samples(groups, samples) for name, groups in averages.items()}


def average_labels(
    predictions: LabelPredictions,
    annotations: AnnotationSet,
    by: str,
    averages: Averages,
    bootstrap: int = 0,
    seed: int = 0,
    lenient: bool = False,
    threshold: float = 0.5,
) -> dict[str, dict[str, GroupAverage]]:
    """Mean to label to average of what :func:`~.evaluate_labels.evaluate_label_subgroups` gives.

    Raises:
        ValueError: as for :func:`average_detections`.
    """
    groups_of_images(annotations, by, averages)
    units = images_by_unit(annotations, predictions.unit, predictions.keys)
    groups_of = {key: {IMAGE_GROUPS[by](image) for image in images} for key, images in units.items()}
    patients = list(dict.fromkeys(image.patient_id for image in annotations.images))
    draws = _draws(len(patients), bootstrap, seed)
    found: dict[str, dict[str, GroupAverage]] = {name: {} for name in averages}
    for label in predictions.labels:
        samples = {}
        for group in named_groups(averages):
            members = {key for key, groups in groups_of.items() if group in groups}
            ids = {image.id for key in members for image in units[key]}
            cases, _ = label_cases(
                predictions.keep([key in members or (not lenient and key not in units) for key in predictions.keys]),
                annotations.keep(image.id in ids for image in annotations.images),
                label,
                threshold=threshold,
                patients=patients,
            )
            samples[group] = cases.samples(draws)
        for name, groups in averages.items():
            found[name][label] = average_samples(groups, samples)
    return found


def groups_of_images(annotations: AnnotationSet, by: str, averages: Averages) -> np.ndarray:
    """(I,) group of each image.

    Raises:
        ValueError: there is no such grouping, or a mean is over nothing, over a group twice, or over an unknown one.
    """
    if by not in IMAGE_GROUPS:
        raise ValueError(f'means are over groups of images, by one of {", ".join(IMAGE_GROUPS)}, not by {by!r}')
    groups = np.array([IMAGE_GROUPS[by](image) for image in annotations.images], dtype=np.str_)
    known = sorted(set(groups.tolist()))
    for name, members in averages.items():
        if not members or len(set(members)) < len(members):
            raise ValueError(f'the mean {name!r} is over some groups, each once, got {list(members)}')
        if unknown := [group for group in members if group not in known]:
            raise ValueError(f'the mean {name!r}: no evaluated image has the {by} {unknown[0]!r}: there are {known}')
    return groups


def named_groups(averages: Averages) -> list[str]:
    """The groups that means are over, each once."""
    return list(dict.fromkeys(group for groups in averages.values() for group in groups))


def _draws(patients: int, bootstrap: int, seed: int) -> np.ndarray | None:
    return draw_patients(patients, bootstrap, np.random.default_rng(seed)) if bootstrap else None


def average_samples(groups: Sequence[str], samples: Mapping[str, Mapping[str, NumberSample]]) -> GroupAverage:
    """Of the numbers that each group has, in the order of the first."""
    names = [name for name in samples[groups[0]] if all(name in samples[group] for group in groups)]
    return GroupAverage(tuple(groups), {name: _mean({g: samples[g][name] for g in groups}) for name in names})


def _mean(samples: Mapping[str, NumberSample]) -> Estimate:
    lacking = [f'{group}: {sample.missing}' for group, sample in samples.items() if np.isnan(sample.value)]
    if lacking:
        return Estimate(float('nan'), reason='; '.join(lacking))
    value = float(np.mean([sample.value for sample in samples.values()]))
    replicates = [sample.replicates for sample in samples.values() if sample.replicates is not None]
    if len(replicates) < len(samples):
        return Estimate(value)
    return NumberSample(value, np.mean(replicates, axis=0)).estimate()
