"""What a report shows of one breast.

Boxes are measured in the pixels of the view's ``size``, whichever frame that is (the stored image, or one that was
flipped and cropped for the detector); slices are those of the source file.

Glossary: F frames (pictures of a stack, in stack order), S slice bins of the detector.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from mammo_plugins.io.display_levels import DisplayScale

from .hanging import Box, hang_box, hang_pixels


@dataclass(frozen=True)
class ReportTruth:
    """An annotated finding.

    Args:
        box_xyxy: corners.
        first_slice, last_slice: visible range in stored slices, both ends included.
        slice_index: most suspicious stored slice.
        text: what it is, for example ``malignant mass``.
        malignant: whether the detector should find it.
        lesion: what the same lesion is called in other views; empty where that is not known.
    """

    box_xyxy: Box
    first_slice: int
    last_slice: int
    slice_index: int
    text: str = 'malignant'
    malignant: bool = True
    lesion: str = ''


@dataclass(frozen=True)
class ReportPrediction:
    """A predicted finding.

    Args:
        box_xyxy: corners.
        slice_index: predicted stored slice.
        score: malignancy.
        slice_weights: (S,) weight of each slice bin; None where the detector has none.
        hit: whether it hits an annotated finding; None where this was not determined.
        lesion: number from 1 that it shares with a finding of the other view, shown as a letter; 0 for none.
        location: where in the breast it lies, in words; empty where that is not known.
    """

    box_xyxy: Box
    slice_index: int
    score: float
    slice_weights: Sequence[float] | None = None
    hit: bool | None = None
    lesion: int = 0
    location: str = ''


@dataclass(frozen=True)
class ReportLayer:
    """A saliency map over a picture.

    Args:
        category: the class that it speaks of.
        levels: (h, w) uint8 over the whole picture, 255 for a saliency of 1.
        source: which map of the class it is, where there are several: the model, or the part of it.
    """

    category: str
    levels: np.ndarray
    source: str = ''

    @property
    def name(self) -> str:
        """What it is called alone."""
        return f'{self.source}: {self.category}' if self.source else self.category


@dataclass(frozen=True)
class ReportPatch:
    """A part of an image that a model looked at closely.

    Args:
        box_xyxy: corners; it may reach beyond the picture.
        text: what is written at it, for example ``patch 1, attention 0.52``.
    """

    box_xyxy: Box
    text: str = ''


@dataclass(frozen=True)
class ReportView:
    """One image of a breast as a stack of pictures.

    Args:
        view_name: for example ``L-CC``.
        frames: (F, H, W) levels as uint8 or uint16, the chest wall at the left edge for either breast.
        truth, predictions: findings.
        stored_size: (width, height) that boxes are measured in, where frames are reduced; that of a frame by default.
        reduction: how many of these pixels a pixel of a frame is wide and high, the last of a row and column perhaps
            fewer; None where a frame is as large as the image whatever that makes.
        scale: how levels are shown; black to white over the values of their type by default.
        modality: for example ``DBT``, where it is known.
        spacing_mm: (row, column) distance of the pixels that boxes are measured in; None where unknown.
        slice_spacing_mm: distance of stored slices; None where unknown.
        slice_ranges: first and last stored slice that each frame shows; one slice a frame by default.
        caption: more about the image, for example its score.
        saliency: maps; no two of one class and source.
        patches: what a model looked at closely.
        pictures: name of a picture that a model made, for example ``normal``, to (h, w) uint8 over the whole picture.

    Raises:
        ValueError: the frames are no stack of pictures of 8 or 16 bits, hold levels beyond their scale, their slice
            ranges do not follow one another, or a map or made picture is no 8-bit picture.
    """

    view_name: str
    frames: np.ndarray
    truth: Sequence[ReportTruth] = ()
    predictions: Sequence[ReportPrediction] = ()
    stored_size: tuple[int, int] | None = None
    slice_ranges: Sequence[tuple[int, int]] | None = None
    caption: str = ''
    saliency: Sequence[ReportLayer] = ()
    patches: Sequence[ReportPatch] = ()
    pictures: Mapping[str, np.ndarray] = field(default_factory=dict)
    reduction: int | None = None
    scale: DisplayScale | None = None
    modality: str = ''
    spacing_mm: tuple[float, float] | None = None
    slice_spacing_mm: float | None = None

    def __post_init__(self) -> None:
        if self.frames.ndim != 3 or self.frames.dtype not in (np.uint8, np.uint16) or 0 in self.frames.shape:
            got = f'{self.frames.shape} {self.frames.dtype}'
            raise ValueError(f'view {self.view_name}: frames must be (F, H, W) uint8 or uint16, got {got}')
        if (highest := int(self.frames.max())) > self.display_scale.top:
            raise ValueError(
                f'view {self.view_name}: level {highest} lies beyond the scale, which ends at {self.display_scale.top}'
            )
        ranges = self.slice_ranges
        if ranges is not None and len(ranges) != len(self.frames):
            raise ValueError(f'view {self.view_name}: {len(self.frames)} frames have {len(ranges)} slice ranges')
        follow = [first for first, _ in self.ranges] == [0, *(last + 1 for _, last in self.ranges[:-1])]
        if not follow or any(last < first for first, last in self.ranges):
            raise ValueError(f'view {self.view_name}: slice ranges {ranges} do not follow one another from 0')
        planes = [('saliency', layer.name, layer.levels) for layer in self.saliency]
        for what, name, levels in [*planes, *(('picture', *named) for named in self.pictures.items())]:
            if levels.ndim != 2 or levels.dtype != np.uint8:
                got = f'{levels.shape} {levels.dtype}'
                raise ValueError(f'view {self.view_name}: {what} {name!r} must be (h, w) uint8, got {got}')

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) that the boxes are measured in."""
        return self.stored_size or (self.frames.shape[2], self.frames.shape[1])

    @property
    def display_scale(self) -> DisplayScale:
        """How levels are shown."""
        return self.scale or DisplayScale.of_intensities(int(np.iinfo(self.frames.dtype).max))

    def hung(self) -> ReportView:
        """As radiologists hang it, see :mod:`.hanging`."""

        def hung(box: Box) -> Box:
            return hang_box(box, self.size[0], self.view_name)

        return replace(
            self,
            frames=hang_pixels(self.frames, self.view_name),
            truth=[replace(finding, box_xyxy=hung(finding.box_xyxy)) for finding in self.truth],
            predictions=[replace(found, box_xyxy=hung(found.box_xyxy)) for found in self.predictions],
            saliency=[replace(one, levels=hang_pixels(one.levels, self.view_name)) for one in self.saliency],
            patches=[replace(patch, box_xyxy=hung(patch.box_xyxy)) for patch in self.patches],
            pictures={name: hang_pixels(levels, self.view_name) for name, levels in self.pictures.items()},
        )

    @property
    def ranges(self) -> list[tuple[int, int]]:
        """First and last stored slice of each frame."""
        if self.slice_ranges is None:
            return [(index, index) for index in range(len(self.frames))]
        return [(int(first), int(last)) for first, last in self.slice_ranges]


@dataclass(frozen=True)
class ReportCase:
    """One breast.

    Args:
        case_id: what it is called; ids only, never a name or a date.
        label: what is known about it, for example ``malignant``.
        views: its images; several of one view (FFDM, SM, DBT) share a place.
        caption: more about it, for example its score.
        patient, study: cases of one study hang together, and other studies of a patient beside them. A case that
            names neither hangs alone.
        days_earlier: between its study and the one that the page is about; None for that one, and where unknown.
    """

    case_id: str
    label: str
    views: Sequence[ReportView] = field(default_factory=list)
    caption: str = ''
    patient: str = ''
    study: str = ''
    days_earlier: int | None = None
