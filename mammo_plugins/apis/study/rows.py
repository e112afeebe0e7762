"""What a study consists of: rows of a paper's tables, and what the paper says of pairs of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmengine.config import Config


@dataclass(frozen=True)
class StudyRow:
    """A model of a paper's tables.

    Attributes:
        name: short and unique; names files.
        title: what the tables call it.
        config: its config.
        table: where the paper has it.
        protocols: what its predictions are read for: protocols of detection, or names of labels.
        start: name of the row whose weights it starts from; None for random ones or those of its config.
        trained: false for *inference-only*: the weights it starts from, as they are.
        modality: images that it is tested on; None for all.
        reader: how numbers are read from its predictions, one of :data:`~.number_readers.NUMBER_READERS`.
        reference: config that the row's own changes; None for that of the study.
        paper: the paper's numbers; protocol to number's name to value. A number that belongs to no protocol stands
            under each.
    """

    name: str
    title: str
    config: str
    table: str
    protocols: tuple[str, ...]
    start: str | None = None
    trained: bool = True
    modality: str | None = None
    reader: str = 'detections'
    reference: str | None = None
    paper: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


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
    protocol: str
    number: str
    paper: float | None = None


@dataclass(frozen=True)
class Column:
    """A column of the table of rows.

    Attributes:
        title: its heading.
        number: the number that it shows.
        protocols: under which; the first that a row has, or for the paper's numbers all.
        of_paper: the paper's number rather than ours.
    """

    title: str
    number: str
    protocols: tuple[str, ...]
    of_paper: bool = False


@dataclass(frozen=True)
class Study:
    """The rows of a paper.

    Attributes:
        reference: config that the configs of the rows change.
        rows: in the order of the tables.
        claims: pairs of rows that are tested.
        presets: name to config of the reference row at the size of that preset. Its ``study`` holds the settings of the
            phantoms: ``cases``, ``split``, ``phantoms`` and perhaps ``size``.
        numbers: names of the numbers that are kept of each row.
        columns: of the table of rows.
        number_titles: what the tables call a number that belongs to no protocol.
        protocol_titles: what they call a protocol, where there are several.
        make_config: study, row, preset, folder of the phantoms and seed to the config of the row.
        prepare: called with the annotation file and the folder of the phantoms before anything is trained.
        always: name of the row that is trained whatever rows are asked for; None for no such row.
    """

    reference: str
    rows: Sequence[StudyRow]
    claims: Sequence[Claim]
    presets: Mapping[str, str]
    numbers: Sequence[str]
    columns: Sequence[Column]
    make_config: Callable[[Study, StudyRow, str, Path, int], Config]
    number_titles: Mapping[str, str] = field(default_factory=dict)
    protocol_titles: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[Path, Path], None] | None = None
    always: str | None = None

    def row(self, name: str) -> StudyRow:
        """The row of a name."""
        return next(row for row in self.rows if row.name == name)

    def origins(self, name: str) -> list[str]:
        """The rows whose weights a row builds on, the first one first."""
        start = self.row(name).start
        return [] if start is None else [*self.origins(start), start]

    def select(self, names: Sequence[str]) -> Study:
        """Some of the rows, with those whose weights they start from and the claims about two of them.

        Raises:
            ValueError: no such row.
        """
        known = [row.name for row in self.rows]
        unknown = [name for name in names if name not in known]
        if unknown:
            raise ValueError(f'unknown row {unknown[0]!r}: expected some of {", ".join(known)}')
        kept = {*names, *(origin for name in names for origin in self.origins(name))}
        kept |= {self.always} & {*known}
        return replace(
            self,
            rows=[row for row in self.rows if row.name in kept],
            claims=[claim for claim in self.claims if {claim.better, claim.worse} <= kept],
        )
