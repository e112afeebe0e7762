"""Earlier studies of a patient, which the page of a study shows beside it: images alone, without predictions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from mammo_plugins.apis.found_images.finding import describe_files
from mammo_plugins.apis.report.stored_cases import Drawn, stored_cases
from mammo_plugins.apis.report.view_pixels import KeptPixels
from mammo_plugins.io import AnnotationSet, ImageRecord
from mammo_plugins.visualization import ReportCase

from .study_index import EarlierStudy


@dataclass
class EarlierImages:
    """What is there of earlier studies.

    Attributes:
        found: days between a study and the one that is predicted, and its images.
        notes: which are not shown, and why.
    """

    found: list[tuple[int, AnnotationSet]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @classmethod
    def find(cls, studies: Iterable[EarlierStudy], most: int, root: Path) -> EarlierImages:
        """Looks for studies with images of a breast; others, such as ultrasound, are passed over.

        Args:
            studies: in the order in which they are wanted.
            most: how many are enough.
            root: folder that was searched.
        """
        earlier = cls()
        if not most:
            return earlier
        for days, study in ((one.days, one.study) for one in studies):
            try:
                part = describe_files(study.files, root, study.first_id, study.spread).annotations
            except Exception as error:  # whatever is wrong with it, the study that is predicted goes on
                earlier.notes.append(_not_shown(days, error))
                continue
            if part.images:
                earlier.found.append((days, part))
            if len(earlier.found) == most:
                break
        return earlier

    @property
    def images(self) -> list[ImageRecord]:
        """Of all of them."""
        return [image for _, part in self.found for image in part.images]

    def cases(self, kept: KeptPixels) -> list[ReportCase]:
        """Their breasts; what cannot be read is noted.

        Args:
            kept: how much of their images is shown.
        """
        cases: list[ReportCase] = []
        for days, part in self.found:
            try:
                shown, unreadable = stored_cases(len(part.images), part, Drawn(kept=kept))
            except Exception as error:
                self.notes.append(_not_shown(days, error))
                continue
            cases += [replace(case, label='earlier', days_earlier=days) for case in shown]
            self.notes += unreadable
        return cases


def _not_shown(days: int, error: Exception) -> str:
    """The kind of an error alone: texts may name files."""
    return f'The study {days} days earlier is not shown: {type(error).__name__}'
