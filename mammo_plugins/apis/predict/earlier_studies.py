"""Earlier studies of a patient, which the page of a study shows beside it: images alone, without predictions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mammo_plugins.apis.found_images.finding import describe_files
from mammo_plugins.apis.report.stored_cases import Drawn, stored_cases
from mammo_plugins.apis.report.view_pixels import KeptPixels
from mammo_plugins.io.coco_volume import AnnotationSet
from mammo_plugins.visualization import ReportCase

from .study_index import EarlierStudy


@dataclass(frozen=True)
class EarlierImages:
    """What is there of an earlier study.

    Attributes:
        days: between it and the study that is predicted.
        annotations: its images.
    """

    days: int
    annotations: AnnotationSet


def find_earlier_images(earlier: Sequence[EarlierStudy], root: Path) -> Iterator[EarlierImages]:
    """Describes the files of studies; those without an image of a breast are passed over.

    Args:
        earlier: the studies.
        root: folder that was searched.
    """
    for one in earlier:
        study = one.study
        annotations = describe_files(study.files, root, study.first_id, study.spread).annotations
        if annotations.images:
            yield EarlierImages(one.days, annotations)


def earlier_cases(earlier: Sequence[EarlierImages], kept: KeptPixels) -> tuple[list[ReportCase], list[str]]:
    """Their breasts, and a note for each that cannot be read.

    Args:
        earlier: the studies.
        kept: how much of their images is shown.
    """
    cases, notes = [], []
    for one in earlier:
        readable, unreadable = stored_cases(len(one.annotations.images), one.annotations, Drawn(kept=kept))
        cases += [replace(case, label='earlier', days_earlier=one.days) for case in readable]
        notes += unreadable
    return cases, notes
