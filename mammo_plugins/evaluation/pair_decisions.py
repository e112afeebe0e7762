"""Decisions whether a finding of the CC and one of the MLO of a breast are one lesion, and their CSV.

``PatientID,StudyUID,Side,Distance,Same``, a row a pair: the distance in parts of the limit, so that below 1 the pair
was taken for one lesion, and whether it is one (1) or not (0); blank where the annotations do not tell.

Glossary: n pairs, P patients, R replicates.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mammo_plugins.io.whole_file import whole_file

from .functional import Estimate, draw_patients
from .group_averages import Averages, GroupAverage, average_samples, groups_of_images, named_groups
from .number_samples import NumberSample
from .predictions import PredictionsError
from .subgroups import IMAGE_GROUPS

if TYPE_CHECKING:
    from mammo_plugins.io import AnnotationSet, ImageRecord

COLUMNS = ('PatientID', 'StudyUID', 'Side', 'Distance', 'Same')
NUMBERS = ('accuracy', 'accuracy_matched', 'accuracy_unmatched', 'balanced_accuracy')


class BreastKey(NamedTuple):
    """The breast of a pair; ``side`` is ``L`` or ``R``."""

    patient_id: str
    study_uid: str
    side: str


@dataclass(frozen=True)
class PairDecisions:
    """Pairs of findings.

    Args:
        keys: (n,) their breasts.
        distances: (n,) in parts of the limit.
        same: (n,) 1 for one lesion, 0 for two or for none, NaN for unknown.
    """

    keys: tuple[BreastKey, ...]
    distances: np.ndarray
    same: np.ndarray


@dataclass(frozen=True)
class PairResult:
    """How the pairs of some breasts were decided.

    Args:
        numbers: of :data:`NUMBERS`; NaN where there is no such pair.
        counts: ``pairs``, ``matched`` (those that are one lesion), ``undecided`` (of which is not known) and
            ``patients``.
    """

    numbers: dict[str, Estimate]
    counts: dict[str, int]

    def as_dict(self) -> dict[str, object]:
        """Plain values for json."""
        metrics = {name: estimate.as_dict() for name, estimate in self.numbers.items()}
        return {'metrics': metrics, 'counts': self.counts}


def is_pair_file(path: str | Path) -> bool:
    """Whether a CSV holds decisions about pairs, by its header."""
    with open(path, newline='', encoding='utf-8-sig', errors='replace') as file:
        return set(COLUMNS) <= {name.strip() for name in next(csv.reader(file), [])}


def write_pair_decisions(path: str | Path, decisions: PairDecisions) -> None:
    """Writes the CSV; it appears when it is complete."""
    with whole_file(Path(path)) as unfinished, open(unfinished, 'w', newline='', encoding='utf-8') as file:
        writer = csv.writer(file, lineterminator='\n')
        writer.writerow(COLUMNS)
        for key, distance, same in zip(decisions.keys, decisions.distances.tolist(), decisions.same.tolist()):
            writer.writerow([*key, repr(distance), '' if np.isnan(same) else int(same)])


def read_pair_decisions(path: str | Path) -> PairDecisions:
    """Reads the CSV.

    Raises:
        PredictionsError: a column is missing or a value is none; the message names the line.
    """
    keys, distances, same = [], [], []
    with open(path, newline='', encoding='utf-8-sig') as file:
        table = csv.DictReader(file)
        if missing := [name for name in COLUMNS if name not in (table.fieldnames or ())]:
            raise PredictionsError(f'{path}: no column {missing[0]!r}: expected {",".join(COLUMNS)}')
        for number, row in enumerate(table, start=2):
            try:
                distance, truth = float(row['Distance']), {'0': 0.0, '1': 1.0, '': np.nan}[row['Same']]
                if not distance >= 0:
                    raise ValueError
            except (KeyError, TypeError, ValueError):
                raise PredictionsError(
                    f'{path}, line {number}: Distance {row["Distance"]!r} is no distance, or Same {row["Same"]!r} is '
                    'not 1, 0 or blank'
                ) from None
            keys.append(BreastKey(row['PatientID'], row['StudyUID'], row['Side']))
            distances.append(distance)
            same.append(truth)
    return PairDecisions(tuple(keys), np.array(distances, np.float64), np.array(same, np.float64))


def evaluate_pairs(
    decisions: PairDecisions, annotations: AnnotationSet, bootstrap: int = 0, seed: int = 0, lenient: bool = False
) -> PairResult:
    """Accuracy over all pairs, over those that are one lesion, over the others, and the mean of the latter two.

    Source: MSVCL v2 (Li et al. 2023), tables III and V, which give an accuracy and do not say how pairs were chosen;
    the mean of both kinds does not hang on how many of each there are.

    Args:
        decisions: of pairs.
        annotations: the evaluated images.
        bootstrap: replicates for intervals, 0 for none; patients are drawn.
        seed: of the bootstrap.
        lenient: leave pairs of breasts that are not evaluated out instead of refusing them.

    Raises:
        ValueError: a pair is of a breast that is not evaluated.
    """
    counts = _counts_by_patient(decisions, annotations, _keys_of(annotations), lenient)
    draws = draw_patients(len(counts), bootstrap, np.random.default_rng(seed)) if bootstrap else None
    inside = [key in _keys_of(annotations) for key in decisions.keys]
    total = counts.sum(axis=0)
    return PairResult(
        {name: sample.estimate() for name, sample in _samples(counts, draws).items()},
        {
            'pairs': int(total[1] + total[3]),
            'matched': int(total[1]),
            'undecided': int(np.isnan(decisions.same[inside]).sum()),
            'patients': len(counts),
        },
    )


def evaluate_pair_subgroups(
    decisions: PairDecisions,
    annotations: AnnotationSet,
    by: str,
    bootstrap: int = 0,
    seed: int = 0,
    lenient: bool = False,
) -> dict[str, PairResult]:
    """Group of images to the result on its breasts; arguments and errors as :func:`evaluate_pairs`."""
    groups = groups_of_images(annotations, by, {})
    _refuse_foreign(decisions, _keys_of(annotations), lenient)
    return {
        group: evaluate_pairs(decisions, annotations.keep(groups == group), bootstrap, seed, lenient=True)
        for group in sorted(set(groups.tolist()))
    }


def average_pairs(
    decisions: PairDecisions,
    annotations: AnnotationSet,
    by: str,
    averages: Averages,
    bootstrap: int = 0,
    seed: int = 0,
    lenient: bool = False,
) -> dict[str, GroupAverage]:
    """Means of what :func:`evaluate_pair_subgroups` gives, see :mod:`.group_averages`."""
    groups_of_images(annotations, by, averages)
    _refuse_foreign(decisions, _keys_of(annotations), lenient)
    draws = draw_patients(_num_patients(annotations), bootstrap, np.random.default_rng(seed)) if bootstrap else None
    samples = {}
    for group in named_groups(averages):
        members = {_key(image) for image in annotations.images if IMAGE_GROUPS[by](image) == group}
        samples[group] = _samples(_counts_by_patient(decisions, annotations, members, lenient=True), draws)
    return {name: average_samples(groups, samples) for name, groups in averages.items()}


def sample_pair_run(
    decisions: PairDecisions, annotations: AnnotationSet, bootstrap: int, seed: int, lenient: bool = False
) -> dict[str, NumberSample]:
    """The numbers of one run with their replicates; pairing as in :func:`~.repeated_runs.sample_run`."""
    counts = _counts_by_patient(decisions, annotations, _keys_of(annotations), lenient)
    return _samples(counts, draw_patients(len(counts), bootstrap, np.random.default_rng(seed)))


def _key(image: ImageRecord) -> BreastKey:
    return BreastKey(image.patient_id, image.study_uid, image.view_key.laterality.value)


def _keys_of(annotations: AnnotationSet) -> set[BreastKey]:
    return {_key(image) for image in annotations.images}


def _num_patients(annotations: AnnotationSet) -> int:
    return len({image.patient_id for image in annotations.images})


def _refuse_foreign(decisions: PairDecisions, known: set[BreastKey], lenient: bool) -> None:
    if not lenient and (foreign := [key for key in decisions.keys if key not in known]):
        raise ValueError(f'{len(foreign)} pairs are of breasts that are not evaluated, such as {"/".join(foreign[0])}')


def _counts_by_patient(
    decisions: PairDecisions, annotations: AnnotationSet, breasts: set[BreastKey], lenient: bool
) -> np.ndarray:
    """(P, 4) of each patient: pairs of one lesion decided rightly, all of them, other pairs likewise."""
    _refuse_foreign(decisions, breasts, lenient)
    place = {name: row for row, name in enumerate(dict.fromkeys(image.patient_id for image in annotations.images))}
    counts = np.zeros((len(place), 4))
    for key, distance, same in zip(decisions.keys, decisions.distances, decisions.same):
        if key in breasts and not np.isnan(same):
            first = 0 if same else 2
            counts[place[key.patient_id], [first, first + 1]] += [(distance < 1) == bool(same), 1]
    return counts


def _samples(counts: np.ndarray, draws: np.ndarray | None) -> dict[str, NumberSample]:
    values = _numbers(counts.sum(axis=0))
    replicates: Sequence[np.ndarray | None] = [None] * len(NUMBERS)
    if draws is not None:
        replicates = list(_numbers(draws @ counts))
    found: Mapping[str, tuple] = dict(zip(NUMBERS, zip(values.tolist(), replicates)))
    return {
        name: NumberSample(value, missing='there is no such pair') if np.isnan(value) else NumberSample(value, of_draws)
        for name, (value, of_draws) in found.items()
    }


def _numbers(totals: np.ndarray) -> np.ndarray:
    """(4, ...) of :data:`NUMBERS` from counts (..., 4); NaN where there is nothing to count."""
    right, matched, right_others, others = np.moveaxis(totals, -1, 0)
    with np.errstate(invalid='ignore', divide='ignore'):
        of_matched, of_others = right / matched, right_others / others
        return np.stack(
            [(right + right_others) / (matched + others), of_matched, of_others, (of_matched + of_others) / 2]
        )
