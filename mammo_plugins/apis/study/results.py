"""The numbers of a study: rows averaged over seeds, and the paper's claims tested on them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mammo_plugins.evaluation.functional import Estimate, PairedDifference
from mammo_plugins.evaluation.number_samples import NumberSample, sample_difference
from mammo_plugins.evaluation.repeated_runs import average_runs
from mammo_plugins.io import AnnotationSet, read_annotations

from .number_readers import NUMBER_READERS
from .placeholders import dataset_of
from .readings import Average, Reading
from .reported import PaperNumber
from .rows import Claim, StudyRow
from .seed_folder import SeedFolder
from .study import Study

SeedSamples = Mapping[tuple[str, str], Mapping[str, NumberSample]]
"""(row, reading) to number to its sample of a seed."""
Samples = Mapping[tuple[str, str], Mapping[str, Sequence[NumberSample]]]
"""The same of each seed."""


@dataclass(frozen=True)
class RowNumber:
    """A number of a row.

    Attributes:
        mean: over the seeds, with the interval of a bootstrap over the patients of each.
        by_seed: value of each seed.
        paper: what the paper has, None for nothing.
    """

    mean: Estimate
    by_seed: list[float]
    paper: PaperNumber | None

    def as_dict(self) -> dict:
        """Plain values for json."""
        paper = {'paper': None} if self.paper is None else self.paper.as_dict()
        return {'mean': self.mean.as_dict(), 'by_seed': _plain(self.by_seed), **paper}


@dataclass(frozen=True)
class CheckedClaim:
    """A claim and what the study says of it.

    Attributes:
        claim: which row should be ahead of which.
        difference: the better row less the worse one.
        by_seed: difference in each seed.
        paper: difference in the paper, None where it gives no numbers.
    """

    claim: Claim
    difference: PairedDifference
    by_seed: list[float]
    paper: float | None

    @property
    def verdict(self) -> str:
        """Whether the order is the paper's, and whether the interval of the difference leaves another one open."""
        if np.isnan(self.difference.difference):
            return f'cannot be said: {self.difference.reason}'
        if self.difference.low > 0:
            return 'as claimed'
        if self.difference.high < 0:
            return 'the other way round'
        return 'open, as claimed so far' if self.difference.difference > 0 else 'open, not as claimed so far'

    def as_dict(self) -> dict:
        """Plain values for json."""
        return {
            'better': self.claim.better,
            'worse': self.claim.worse,
            'reading': self.claim.reading,
            'number': self.claim.number,
            'difference': self.difference.as_dict(),
            'by_seed': _plain(self.by_seed),
            'paper': self.paper,
            'verdict': self.verdict,
        }


def sample_seed(study: Study, folder: SeedFolder, bootstrap: int) -> SeedSamples:
    """Reads the predictions of every row of a seed.

    Args:
        study: the rows, all done.
        folder: of the seed.
        bootstrap: replicates.

    Raises:
        ValueError: rows that share a reading were tested on different patients, so that they cannot be paired.
    """
    files = {name: read_annotations(path) for name, path in folder.annotations.items()}
    patients: dict[str, list[str]] = {}
    return {
        (row.name, name): numbers
        for row in study.rows
        for name, numbers in _sample_row(row, folder, files, patients, bootstrap).items()
    }


def join_seeds(study: Study, seeds: Sequence[SeedSamples]) -> Samples:
    """The numbers of all seeds; each has every row and reading of the study."""
    return {
        (row.name, reading.name): {
            number: [samples[row.name, reading.name][number] for samples in seeds]
            for number in seeds[0][row.name, reading.name]
        }
        for row in study.rows
        for reading in row.readings
    }


def average_of(reading: Average, found: Mapping[str, Mapping[str, NumberSample]]) -> dict[str, NumberSample]:
    """Number to the mean of other readings of a row.

    Args:
        reading: names the others.
        found: reading to number to sample.
    """
    return {reading.number: average_runs([found[name][number] for name, number in reading.of])}


def row_numbers(study: Study, samples: Samples) -> dict[str, dict[str, dict[str, RowNumber]]]:
    """Row to reading to number."""
    return {
        row.name: {
            reading.name: {
                number: RowNumber(
                    average_runs(samples[row.name, reading.name][number]).estimate(),
                    [sample.value for sample in samples[row.name, reading.name][number]],
                    row.paper_number(reading.name, number),
                )
                for number in reading.numbers
            }
            for reading in row.readings
        }
        for row in study.rows
    }


def check_claims(study: Study, samples: Samples) -> list[CheckedClaim]:
    """Every claim of a study, tested by a paired bootstrap over the patients of all seeds."""
    return [_test(claim, study.row(claim.better), study.row(claim.worse), samples) for claim in study.claims]


def _sample_row(
    row: StudyRow,
    folder: SeedFolder,
    files: Mapping[str, AnnotationSet],
    patients: dict[str, list[str]],
    bootstrap: int,
) -> dict[str, dict[str, NumberSample]]:
    """Reading to number to sample; notes the patients of each reading, which must be those of all rows."""
    found: dict[str, dict[str, NumberSample]] = {}
    data = {entry.test: entry.data for entry in folder.study.entries() if entry.row == row.name and entry.test}
    first = next(iter(files))
    for reading in row.readings:
        if isinstance(reading, Average):
            found[reading.name] = average_of(reading, found)
            continue
        dataset = data[reading.test] or first
        images = reading.images.of(dataset_of(files, dataset))
        names = list(dict.fromkeys(image.patient_id for image in images.images))
        if patients.setdefault(reading.name, names) != names:
            raise ValueError(
                f'{folder.root}: row {row.name!r} reads {reading.name!r} on other patients than a row before it: give '
                'readings of different images different names'
            )
        found[reading.name] = _read(reading, row, folder, images, dataset, names, bootstrap)
    return found


def _read(
    reading: Reading,
    row: StudyRow,
    folder: SeedFolder,
    images: AnnotationSet,
    dataset: str,
    patients: Sequence[str],
    bootstrap: int,
) -> dict[str, NumberSample]:
    path = folder.predictions(reading.reader, row.name, reading.test)
    draws_seed = _draws_seed(folder.seed, dataset, patients)
    numbers = NUMBER_READERS[reading.reader].read(path, images, reading, bootstrap, draws_seed)
    if unknown := [name for name in reading.numbers if name not in numbers]:
        raise ValueError(
            f'row {row.name!r}: {reading.name!r} has no number {unknown[0]!r}: expected some of {", ".join(numbers)}'
        )
    return {name: numbers[name] for name in reading.numbers}


def _draws_seed(seed: int, dataset: str, patients: Sequence[str]) -> int:
    """The same for the same patients, so that readings of them are paired, and another one for others."""
    text = '\n'.join([str(seed), dataset, *patients])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], 'big')


def _test(claim: Claim, better: StudyRow, worse: StudyRow, samples: Samples) -> CheckedClaim:
    first, second = (samples[row.name, claim.reading][claim.number] for row in (worse, better))
    return CheckedClaim(
        claim,
        sample_difference(average_runs(first), average_runs(second)),
        [high.value - low.value for low, high in zip(first, second)],
        _paper_difference(claim, better, worse),
    )


def _paper_difference(claim: Claim, better: StudyRow, worse: StudyRow) -> float | None:
    if claim.paper is not None:
        return claim.paper
    high, low = (row.paper_number(claim.reading, claim.number) for row in (better, worse))
    return None if high is None or low is None else round(high.value - low.value, 3)


def _plain(values: Sequence[float]) -> list[float | None]:
    """None for NaN, which json does not know."""
    return [None if np.isnan(value) else value for value in values]
