"""Which breast and which projection an image shows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum


class Laterality(str, Enum):
    """Side of the breast, from the patient's own perspective (DICOM Image Laterality (0020,0062))."""

    LEFT = 'L'
    RIGHT = 'R'

    @property
    def other(self) -> Laterality:
        return Laterality.RIGHT if self is Laterality.LEFT else Laterality.LEFT


class ViewPosition(str, Enum):
    """Projection of the breast (DICOM View Position (0018,5101), CID 4014 abbreviations)."""

    CC = 'CC'
    MLO = 'MLO'
    ML = 'ML'
    LM = 'LM'
    LMO = 'LMO'
    XCCL = 'XCCL'
    XCCM = 'XCCM'
    SIO = 'SIO'
    ISO = 'ISO'
    FB = 'FB'
    AT = 'AT'

    @property
    def is_craniocaudal(self) -> bool:
        """Whether the view shows the lateral-medial extent (CC family) rather than the cranio-caudal one."""
        return self in _CRANIOCAUDAL_VIEWS


_CRANIOCAUDAL_VIEWS = frozenset(
    {ViewPosition.CC, ViewPosition.XCCL, ViewPosition.XCCM, ViewPosition.FB, ViewPosition.AT}
)


@dataclass(frozen=True, order=True)
class ViewKey:
    """One breast seen from one direction, written ``L-CC``.

    Compares and sorts by side, then by projection, so that CC comes before MLO.
    """

    laterality: Laterality
    position: ViewPosition

    def __str__(self) -> str:
        return f'{self.laterality.value}-{self.position.value}'

    @classmethod
    def parse(cls, text: str) -> ViewKey:
        """Reads ``L-CC``, ``L_CC``, ``LCC`` or a BCS-DBT view such as ``rmlo2`` (a repeat of ``rmlo``).

        Raises:
            ValueError: the text names no known side and projection.
        """
        match = re.fullmatch(r'([LR])[-_ ]?([A-Z]+)\d*', text.strip().upper())
        if match is None or match[2] not in ViewPosition.__members__:
            known = ', '.join(ViewPosition.__members__)
            raise ValueError(f'unknown view {text!r}: expected a side (L or R) and one of {known}, for example L-CC')
        return cls(Laterality(match[1]), ViewPosition[match[2]])
