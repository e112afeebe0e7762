"""The numbers of a study: rows averaged over seeds, and the paper's claims tested on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mammo_plugins.evaluation.functional import Estimate, PairedDifference
from mammo_plugins.evaluation.number_samples import NumberSample, sample_difference
from mammo_plugins.evaluation.repeated_runs import average_runs
from mammo_plugins.io import read_annotations

from .number_readers import NUMBER_READERS
from .rows import Claim, Study, StudyRow

Samples = Mapping[tuple[str, str], Mapping[str, Sequence[NumberSample]]]
"""(row, protocol) to number to its sample of each seed."""


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
    paper: float | None

    def as_dict(self) -> dict:
        """Plain values for json."""
        return {'mean': self.mean.as_dict(), 'by_seed': self.by_seed, 'paper': self.paper}


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
            'protocol': self.claim.protocol,
            'number': self.claim.number,
            'difference': self.difference.as_dict(),
            'by_seed': self.by_seed,
            'paper': self.paper,
            'verdict': self.verdict,
        }


def sample_rows(study: Study, roots: Mapping[int, Path], bootstrap: int) -> Samples:
    """Scores the predictions of every row and seed.

    Args:
        study: the rows.
        roots: seed to its folder.
        bootstrap: replicates.

    Raises:
        ValueError: the patients of a seed differ between modalities, so that rows of both cannot be paired.
    """
    samples: dict[tuple[str, str], dict[str, list[NumberSample]]] = {}
    for seed, root in roots.items():
        annotations = read_annotations(root / 'phantoms.json')
        truths = {row.modality: annotations.select(modality=row.modality, split='test') for row in study.rows}
        patients = {m: list(dict.fromkeys(image.patient_id for image in t.images)) for m, t in truths.items()}
        first = next(iter(patients))
        if other := [modality for modality in patients if patients[modality] != patients[first]]:
            raise ValueError(f'{root}: {first} and {other[0]} of the test split have different patients')
        for row in study.rows:
            for protocol in row.protocols:
                run = NUMBER_READERS[row.reader](
                    root / 'predictions' / f'{row.name}.csv', truths[row.modality], protocol, bootstrap, seed
                )
                of_row = samples.setdefault((row.name, protocol), {name: [] for name in study.numbers})
                for name in study.numbers:
                    of_row[name].append(run[name])
    return samples


def row_numbers(study: Study, samples: Samples) -> dict[str, dict[str, dict[str, RowNumber]]]:
    """Row to protocol to number."""
    return {
        row.name: {
            protocol: {
                name: RowNumber(
                    average_runs(samples[row.name, protocol][name]).estimate(),
                    [sample.value for sample in samples[row.name, protocol][name]],
                    row.paper.get(protocol, {}).get(name),
                )
                for name in study.numbers
            }
            for protocol in row.protocols
        }
        for row in study.rows
    }


def check_claims(study: Study, samples: Samples) -> list[CheckedClaim]:
    """Every claim of a study, tested by a paired bootstrap over the patients of all seeds."""
    return [_test(claim, study.row(claim.better), study.row(claim.worse), samples) for claim in study.claims]


def _test(claim: Claim, better: StudyRow, worse: StudyRow, samples: Samples) -> CheckedClaim:
    first, second = (samples[row.name, claim.protocol][claim.number] for row in (worse, better))
    return CheckedClaim(
        claim,
        sample_difference(average_runs(first), average_runs(second)),
        [high.value - low.value for low, high in zip(first, second)],
        _paper_difference(claim, better, worse),
    )


def _paper_difference(claim: Claim, better: StudyRow, worse: StudyRow) -> float | None:
    if claim.paper is not None:
        return claim.paper
    high, low = (row.paper.get(claim.protocol, {}).get(claim.number) for row in (better, worse))
    return None if None in (high, low) else round(high - low, 3)
