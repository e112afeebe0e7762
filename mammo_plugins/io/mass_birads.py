"""The BI-RADS assessment of the mass of an image."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from mammo_plugins.structures.largest_box import largest_box

if TYPE_CHECKING:
    from .annotation_records import FindingRecord

MASS_BIRADS = 'mass_birads'
MASS = 'mass'


def mass_birads(findings: Iterable[FindingRecord]) -> str | None:
    """Assessment of the largest mass of an image (``2``, ``4A``, ...), None where there is no mass or it has none."""
    masses = [finding for finding in findings if finding.attributes.get('type') == MASS]
    index = largest_box(np.array([mass.bbox_xywh for mass in masses], np.float64))
    value = None if index is None else masses[index].attributes.get('birads')
    return None if value in (None, '') else str(value)
