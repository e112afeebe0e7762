"""Kinds of findings by their appearance."""

from __future__ import annotations

from enum import Enum


class FindingShape(str, Enum):
    """Appearance of a finding; the value is what the tables say."""

    SPICULATED = 'spiculated'
    IRREGULAR = 'irregular'
    OVAL = 'oval'
    LYMPH_NODE = 'lymph_node'
    FINE_CALCIFICATIONS = 'fine_calcifications'
    COARSE_CALCIFICATIONS = 'coarse_calcifications'
    DISTORTION = 'distortion'

    @property
    def kind(self) -> str:
        """``mass``, ``calcification`` or ``distortion``."""
        if self in (FindingShape.FINE_CALCIFICATIONS, FindingShape.COARSE_CALCIFICATIONS):
            return 'calcification'
        return 'distortion' if self is FindingShape.DISTORTION else 'mass'
