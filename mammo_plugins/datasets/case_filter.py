"""Explicit rules for leaving images or cases out of a data set."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from mmengine.logging import print_log

from mammo_plugins.structures import ViewPosition

from .annotated_image import AnnotatedImage


class CaseFilter:
    """Leaves out what a config says, and logs how much. No rule looks for lesion-free breasts.

    Args:
        positions: projections to keep, such as ``('CC', 'MLO')``; None keeps all.
        manufacturers: manufacturers to keep, as the annotation file writes them; None keeps all.
        drop_unannotated: leave out breasts whose findings are not all marked (see ``Targets.is_annotated``).
        known_labels: leave out cases of which one of these labels of the data set is unknown.

    Raises:
        ValueError: a projection is unknown.
    """

    def __init__(
        self,
        positions: Sequence[str] | None = None,
        manufacturers: Sequence[str] | None = None,
        drop_unannotated: bool = False,
        known_labels: Sequence[str] = (),
    ) -> None:
        known = [position.value for position in ViewPosition]
        if unknown := set(positions or ()) - set(known):
            raise ValueError(f'unknown positions {sorted(unknown)}: expected some of {", ".join(known)}')
        self.positions = None if positions is None else frozenset(positions)
        self.manufacturers = None if manufacturers is None else frozenset(manufacturers)
        self.drop_unannotated = drop_unannotated
        self.known_labels = tuple(known_labels)

    def select_images(self, images: Sequence[AnnotatedImage]) -> list[AnnotatedImage]:
        """The images of the wanted projections and manufacturers."""
        kept = [image for image in images if self._wants(image)]
        _report(len(images) - len(kept), 'images', 'other positions or manufacturers')
        return kept

    def select_cases(self, cases: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """The cases whose findings are marked and whose labels are known, where that is asked for.

        Raises:
            ValueError: a label is none of the data set's.
        """
        kept = [case for case in cases if case['annotated'] or not self.drop_unannotated]
        _report(len(cases) - len(kept), 'cases', 'findings not marked, or of unknown class')
        known = [case for case in kept if self._knows_labels(case)]
        _report(len(kept) - len(known), 'cases', f'{" or ".join(self.known_labels)} unknown')
        return known

    def _knows_labels(self, case: dict[str, Any]) -> bool:
        labels = case['gt_labels']
        if strangers := [name for name in self.known_labels if name not in labels]:
            raise ValueError(f'known_labels of filter_cfg has {strangers}: name them in labels of the data set too')
        return not any(math.isnan(labels[name]) for name in self.known_labels)

    def _wants(self, image: AnnotatedImage) -> bool:
        position, manufacturer = image.record.view_key.position.value, image.record.manufacturer
        return (self.positions is None or position in self.positions) and (
            self.manufacturers is None or manufacturer in self.manufacturers
        )


def _report(number: int, what: str, reason: str) -> None:
    if number:
        print_log(f'CaseDataset: left out {number} {what} by filter_cfg ({reason})', logger='current')
