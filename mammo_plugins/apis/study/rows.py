"""What a study consists of: rows of a paper's tables, and what the paper says of pairs of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .readings import MAIN_TEST, Average, Reading
from .reported import PaperNumber


@dataclass(frozen=True)
class RowTest:
    """A trained model, tested.

    Attributes:
        name: unique in the row.
        checkpoint: the weights, such as ``{glam}`` or ``{glam.best}``; by default those of the row's last stage.
        config: by default that of the stage whose weights are tested, with its ``cfg_options``.
        cfg_options: further overrides.
        split: of the images; by default that of the config.
        data: name of the data set, where a preset has several; the first one by default.
    """

    name: str = MAIN_TEST
    checkpoint: str | None = None
    config: str | None = None
    cfg_options: Mapping[str, Any] = field(default_factory=dict)
    split: str | None = None
    data: str | None = None


@dataclass(frozen=True)
class StudyRow:
    """A model of a paper's tables.

    Attributes:
        name: short and unique; names files.
        title: what the tables call it.
        table: where the paper has it.
        readings: what is read from its predictions.
        stages: what is trained for it, in order: fields of a stage of a plan (see docs/stages.md), and perhaps
            ``data``. They may take from the stages of earlier rows and of the study, which are not trained again.
        tests: by default one, of the last stage.
        paper: the paper's numbers; reading to number's name to value.
    """

    name: str
    title: str
    table: str
    readings: Sequence[Reading | Average]
    stages: Sequence[Mapping[str, Any]] = ()
    tests: Sequence[RowTest] = (RowTest(),)
    paper: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def reading(self, name: str) -> Reading | Average | None:
        """The reading of a name, None where the row has none."""
        return next((reading for reading in self.readings if reading.name == name), None)

    def paper_number(self, reading: str, number: str) -> PaperNumber | None:
        """What the paper has, None for nothing."""
        given = self.paper.get(reading, {}).get(number)
        return None if given is None else PaperNumber.of(given)


@dataclass(frozen=True)
class Claim:
    """What the paper says, or lets expect, of two rows: the first is ahead, by a larger number.

    Attributes:
        better, worse: names of the rows.
        reading: name of the reading that has the number.
        number: its name, such as ``R@0.25``.
        paper: the paper's difference, where it is not that of the numbers of both rows.
    """

    better: str
    worse: str
    reading: str
    number: str
    paper: float | None = None


@dataclass(frozen=True)
class Column:
    """A column of a table of rows.

    Attributes:
        title: its heading.
        number: the number that it shows.
        readings: of which; the first that a row has, or for the paper's numbers all.
        of_paper: the paper's number rather than ours.
    """

    title: str
    number: str
    readings: Sequence[str]
    of_paper: bool = False


@dataclass(frozen=True)
class StudyTable:
    """A table of rows.

    Attributes:
        title: its heading; empty for none.
        rows: names of its rows; None for all that have one of its readings.
        readings: names of the readings that it shows; None for all.
        columns: by default each number of each reading, ours and then the paper's.
    """

    title: str = ''
    rows: Sequence[str] | None = None
    readings: Sequence[str] | None = None
    columns: Sequence[Column] = ()


def prediction_stem(row: str, test: str) -> str:
    """What the files of a test's predictions are called, but for what the kind of predictions adds."""
    return row if test == MAIN_TEST else f'{row}-{test}'
