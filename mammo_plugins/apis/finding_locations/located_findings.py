"""Findings with their locations, looked up by where they lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from mammo_plugins.evaluation import Predictions
from mammo_plugins.evaluation.image_names import image_key, modality_key
from mammo_plugins.io import ImageRecord
from mammo_plugins.structures.finding_location import FindingLocation

_DIGITS = 2  # of a pixel, beyond which boxes are taken for equal


@dataclass(frozen=True)
class LocatedFindings:
    """Findings and where they lie.

    Attributes:
        findings: N rows.
        locations: of each of them; None where not known.
    """

    findings: Predictions
    locations: Sequence[FindingLocation | None]

    def words(self, image: ImageRecord, box_xyxy: Sequence[float], slice_index: int) -> str:
        """Where a finding of an image lies, in words; empty where that is not known."""
        place = (*(round(float(edge), _DIGITS) for edge in box_xyxy), int(slice_index))
        found = self._by_place.get((modality_key(image), *place)) or self._by_place.get((image_key(image), *place))
        return found.words if found else ''

    @cached_property
    def _by_place(self) -> dict[tuple[object, ...], FindingLocation | None]:
        boxes = self.findings.boxes_xywh.copy()
        boxes[:, 2:] += boxes[:, :2]
        return {
            (
                self.findings.images[self.findings.image_index[row]],
                *(round(edge, _DIGITS) for edge in boxes[row].tolist()),
                int(self.findings.slices[row]),
            ): location
            for row, location in enumerate(self.locations)
        }
