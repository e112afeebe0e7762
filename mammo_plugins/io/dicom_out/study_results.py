"""What was predicted of one study, as the writers of DICOM objects take it: pure data, in stored pixels and slices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

import numpy as np
from pydicom import Dataset

import mammo_plugins
from mammo_plugins.structures import Laterality, ViewKey
from mammo_plugins.structures.finding_location import FindingLocation

from .result_settings import FROM_IMAGES, NOW, ResultSettings


class NoDateError(ValueError):
    """No image of a study says when it was made, and the settings do not say what to write instead."""


class Reference(NamedTuple):
    """One picture: an instance, and the number of the frame from 1 where the instance has several."""

    instance: Dataset
    frame: int | None


@dataclass(frozen=True)
class Mark:
    """A predicted finding.

    Attributes:
        box_xyxy: corners in stored pixels; 0 is the outer edge of the first pixel.
        slice_index: stored slice from 0.
        score: malignancy in [0, 1].
        lesion: number from 1 that findings of one breast share which the model says are one lesion; 0 for none.
        location: where in the breast, or None where nipple and chest wall are not known.

    Raises:
        ValueError: the score is no share, of which DICOM's percentages are made.
    """

    box_xyxy: tuple[float, float, float, float]
    slice_index: int
    score: float
    lesion: int = 0
    location: FindingLocation | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.score <= 1:
            raise ValueError(f'a score in [0, 1] is needed for a DICOM percentage, got {self.score}')


@dataclass(frozen=True)
class ReadImage:
    """An image that was read, with its findings; none of them is a result too.

    Attributes:
        instances: pruned headers of its files, see :mod:`.source_headers`: one, or one a slice in their order.
        view: what it shows.
        modality: ``FFDM``, ``SM`` or ``DBT``; lesions are matched within one.
        view_modifiers: names as of a header, such as ``implant displaced``.
        spacing_mm: (row, column) distance of pixel centres, or None.
        marks: its findings.
        maps: class to saliency (rows, columns) in [0, 1] on the stored pixels.

    Raises:
        ValueError: there is no file, or a finding lies outside of the image.
    """

    instances: tuple[Dataset, ...]
    view: ViewKey
    modality: str
    view_modifiers: tuple[str, ...] = ()
    spacing_mm: tuple[float, float] | None = None
    marks: tuple[Mark, ...] = ()
    maps: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.instances:
            raise ValueError('an image without a DICOM file has no place for results')
        first = self.instances[0]
        for mark in self.marks:
            x1, y1, x2, y2 = mark.box_xyxy
            fits = 0 <= x1 < x2 <= first.Columns and 0 <= y1 < y2 <= first.Rows
            if not fits or not 0 <= mark.slice_index < self.num_slices:
                raise ValueError(
                    f'a finding at {mark.box_xyxy} in slice {mark.slice_index} lies outside of its image of '
                    f'{first.Columns} x {first.Rows} pixels and {self.num_slices} slices'
                )

    @property
    def num_frames(self) -> int:
        """Frames of its first file."""
        return int(self.instances[0].get('NumberOfFrames') or 1)

    @property
    def num_slices(self) -> int:
        return self.num_frames if len(self.instances) == 1 else len(self.instances)

    def reference(self, slice_index: int) -> Reference:
        """The picture that shows a slice: a frame of the file, or the file of the slice."""
        if len(self.instances) > 1:
            return Reference(self.instances[slice_index], None)
        return Reference(self.instances[0], slice_index + 1 if self.num_frames > 1 else None)


@dataclass(frozen=True)
class Model:
    """What predicted.

    Attributes:
        name: such as the name of its config.
        digest: of its weights; results of other weights get other UIDs.
        settings: what else decides its predictions, such as the digest of its config, likewise; empty where the digest
            covers that.
    """

    name: str
    digest: str
    settings: str = ''

    @property
    def version(self) -> str:
        """Of this software and the weights."""
        return f'{mammo_plugins.__version__} {self.digest[:12]}'.strip()


@dataclass(frozen=True)
class StudyResults:
    """Everything about one study.

    Attributes:
        model: what predicted.
        images: those that were read, without findings too.
        failed: pruned headers of images that could not be read.
        finds: whether the model looks for findings at all, or gives scores only.
        breast_scores: malignancy in [0, 1] of each breast, where the model gives it.
        pair_score: malignancy of both breasts together, where the model gives it of pairs only.

    Raises:
        ValueError: there is no image, or they are of several studies.
    """

    model: Model
    images: tuple[ReadImage, ...]
    failed: tuple[Dataset, ...] = ()
    finds: bool = True
    breast_scores: Mapping[Laterality, float] = field(default_factory=dict)
    pair_score: float | None = None

    def __post_init__(self) -> None:
        studies = {header.StudyInstanceUID for header in self.headers()}
        if len(studies) != 1:
            raise ValueError(f'results are of one study, got images of {len(studies)}')
        for score in (*self.breast_scores.values(), self.pair_score or 0.0):
            if not 0 <= score <= 1:
                raise ValueError(f'scores of breasts must lie in [0, 1], got {score}')

    def headers(self) -> Iterator[Dataset]:
        """Of every file, read ones first."""
        for image in self.images:
            yield from image.instances
        yield from self.failed

    @property
    def first(self) -> Dataset:
        """The header that patient and study are copied from."""
        return next(self.headers())

    @property
    def case_score(self) -> float | None:
        """The highest score of a breast, or that of both together."""
        return max(self.breast_scores.values(), default=self.pair_score)

    def has_shown_marks(self, settings: ResultSettings) -> bool:
        """Whether there is a finding that a reader may be shown."""
        return any(self.shown_marks(image, settings) for image in self.images)

    def shown_marks(self, image: ReadImage, settings: ResultSettings) -> list[Mark]:
        """Findings of an image that a reader may be shown."""
        return [mark for mark in image.marks if mark.score >= settings.optional_from]

    def content_time(self, settings: ResultSettings) -> datetime:
        """When the results were made, as the settings say.

        Raises:
            NoDateError: no image says when it was made.
        """
        if settings.content_time == NOW:
            return datetime.now().replace(microsecond=0)
        if settings.content_time != FROM_IMAGES:
            return settings.stated_time()
        times = [time for header in self.headers() if (time := _time_of(header)) is not None]
        if not times:
            raise NoDateError(
                'no image says when it was made, and results must have a date: give content_time in the settings'
            )
        return max(times)


def _time_of(header: Dataset) -> datetime | None:
    """When an image was made: by its acquisition, else its content, else the study; to the second."""
    stated = str(header.get('AcquisitionDateTime') or '')[:14]
    texts = [stated] if stated else []
    for event in ('Acquisition', 'Content', 'Study'):
        date, time = (str(header.get(f'{event}{what}') or '') for what in ('Date', 'Time'))
        texts.append(f'{date[:8]}{time[:6].ljust(6, "0")}')
    for text in texts:
        try:
            return datetime.strptime(text.ljust(14, '0'), '%Y%m%d%H%M%S')
        except ValueError:
            continue
    return None
