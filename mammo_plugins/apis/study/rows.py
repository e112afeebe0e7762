"""What a study consists of: rows of a paper's tables, and what the paper says of pairs of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

FLAT, VOLUME = 'mm3d-2d', 'mm3d'
"""The protocols of 2-D and of 3-D localisation."""

AUC = 'breast_auc'


@dataclass(frozen=True)
class StudyRow:
    """A model of a paper's tables.

    Attributes:
        name: short and unique; names files.
        title: what the tables call it.
        config: its config.
        table: where the paper has it.
        trained: false for *inference-only*: the weights it starts from, as they are.
        from_ffdm: whether it starts from the weights of the FFDM row, rather than from random ones.
        has_slices: whether it predicts a slice, so that 3-D localisation means something.
        reference: config that the row's own changes; None for that of the study.
        paper: the paper's numbers; protocol to number's name to value. The AUC belongs to no protocol and stands
            under each.
    """

    name: str
    title: str
    config: str
    table: str
    trained: bool = True
    from_ffdm: bool = True
    has_slices: bool = True
    reference: str | None = None
    paper: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def protocols(self) -> tuple[str, ...]:
        return (FLAT, VOLUME) if self.has_slices else (FLAT,)


@dataclass(frozen=True)
class Claim:
    """What the paper says, or lets expect, of two rows: the first is ahead.

    Attributes:
        better, worse: names of the rows.
        protocol: under which the number is read.
        number: its name, such as ``R@0.25``.
        paper: the paper's difference, where it is not that of the numbers of both rows.
    """

    better: str
    worse: str
    protocol: str = VOLUME
    number: str = 'R@0.25'
    paper: float | None = None


@dataclass(frozen=True)
class Study:
    """The rows of a paper.

    Attributes:
        reference: config that the configs of the rows change.
        ffdm_row: name of the row whose weights the others start from.
        rows: in the order of the tables.
        claims: pairs of rows that are tested.
        presets: name to config of the reference row at the size of that preset.
    """

    reference: str
    ffdm_row: str
    rows: Sequence[StudyRow]
    claims: Sequence[Claim]
    presets: Mapping[str, str]

    def row(self, name: str) -> StudyRow:
        """The row of a name."""
        return next(row for row in self.rows if row.name == name)

    def select(self, names: Sequence[str]) -> Study:
        """Some of the rows, with the row whose weights they start from and the claims about two of them.

        Raises:
            ValueError: no such row.
        """
        known = [row.name for row in self.rows]
        unknown = [name for name in names if name not in known]
        if unknown:
            raise ValueError(f'unknown row {unknown[0]!r}: expected some of {", ".join(known)}')
        kept = {self.ffdm_row, *names}
        return replace(
            self,
            rows=[row for row in self.rows if row.name in kept],
            claims=[claim for claim in self.claims if {claim.better, claim.worse} <= kept],
        )
