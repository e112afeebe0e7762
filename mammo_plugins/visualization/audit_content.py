"""What the page of an audit shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from .report_content import Box

SEVERITIES = ('error', 'warning', 'note')


@dataclass(frozen=True)
class PageFinding:
    """A line of a check: where, what, and how bad (``error``, ``warning`` or ``note``)."""

    severity: str
    where: str
    reason: str


@dataclass(frozen=True)
class PageCheck:
    """A check with what it found, worst first.

    Attributes:
        title: what it looks for.
        advice: what its findings mean.
        findings: those to list.
        status: where there are none: that nothing was found, or why nothing was looked for.
    """

    title: str
    advice: str
    findings: Sequence[PageFinding] = ()
    status: str = 'nothing found'

    @property
    def severity(self) -> str:
        """The worst of its findings; empty where there are none."""
        found = {finding.severity for finding in self.findings}
        return next((severity for severity in SEVERITIES if severity in found), '')


@dataclass(frozen=True)
class PageTable:
    """A table; columns are those of the rows in order of appearance."""

    title: str
    rows: Sequence[Mapping[str, str]]
    caption: str = ''


@dataclass(frozen=True)
class PageBox:
    """A box over a picture.

    Attributes:
        box_xyxy: corners in stored pixels.
        kind: ``malignant`` or ``benign``.
        text: what a pointer over it shows.
        in_slice: whether the picture is the slice that the box is annotated in; always true in 2-D.
        flagged: whether a check has found something about it.
    """

    box_xyxy: Box
    kind: str
    text: str = ''
    in_slice: bool = True
    flagged: bool = False


@dataclass(frozen=True)
class PagePicture:
    """A picture of the contact sheet, in the orientation of the file.

    Attributes:
        pixels: (H, W) uint8.
        size: (width, height) that boxes are measured in.
        title, caption: which image it is, and what is known about it.
        boxes: its findings.
        findings: what checks have found about it.

    Raises:
        ValueError: no 8-bit picture.
    """

    pixels: np.ndarray
    size: tuple[int, int]
    title: str
    caption: str = ''
    boxes: Sequence[PageBox] = ()
    findings: Sequence[PageFinding] = ()

    def __post_init__(self) -> None:
        if self.pixels.ndim != 2 or self.pixels.dtype != np.uint8 or 0 in self.pixels.shape:
            raise ValueError(
                f'picture {self.title}: expected (H, W) uint8, got {self.pixels.shape} {self.pixels.dtype}'
            )


@dataclass(frozen=True)
class AuditPage:
    """The whole page.

    Attributes:
        title: its heading.
        facts: sentences on what was looked at.
        checks: every check, those without findings too.
        tables: what the data is made of.
        pictures: the contact sheet.
        limits: rows of the table of thresholds.
    """

    title: str
    facts: Sequence[str]
    checks: Sequence[PageCheck]
    tables: Sequence[PageTable] = ()
    pictures: Sequence[PagePicture] = ()
    limits: Sequence[Mapping[str, str]] = field(default_factory=list)
