"""Marks out of the objects that :mod:`mammo_plugins.io.dicom_out` writes.

For checks, and for whoever must tell what an object says: any CAD SR, measurement report or presentation state is read,
by templates and not by who wrote it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from pydicom import Dataset
from pydicom.uid import (
    ComprehensiveSRStorage,
    GrayscaleSoftcopyPresentationStateStorage,
    MammographyCADSRStorage,
    SecondaryCaptureImageStorage,
    SegmentationStorage,
)

from . import result_codes as codes
from .secondary_capture_levels import OUTLINE_LEVEL


@dataclass(frozen=True)
class StoredMark:
    """A mark as an object holds it.

    Attributes:
        sop_instance_uid: of the image that it lies on.
        frame: from 1, or None where the image has one frame and none is named.
        box_xyxy: corners in stored pixels.
        score: certainty in [0, 1], or None where the object does not say.
        tracking_uid: of the lesion, or empty.
        intent: code value of the rendering intent, or empty.
    """

    sop_instance_uid: str
    frame: int | None
    box_xyxy: tuple[float, float, float, float]
    score: float | None = None
    tracking_uid: str = ''
    intent: str = ''


def read_marks(dataset: Dataset) -> list[StoredMark]:
    """Every mark of an object, in its order.

    Raises:
        ValueError: it is of another class than those that are written here.
    """
    readers = {
        MammographyCADSRStorage: _of_cad_report,
        ComprehensiveSRStorage: _of_measurement_report,
        GrayscaleSoftcopyPresentationStateStorage: _of_presentation_state,
        SegmentationStorage: _of_segmentation,
        SecondaryCaptureImageStorage: _of_secondary_capture,
    }
    if dataset.SOPClassUID not in readers:
        raise ValueError(f'no marks are read from objects of the class {dataset.SOPClassUID}')
    return list(readers[dataset.SOPClassUID](dataset))


def _of_cad_report(dataset: Dataset) -> Iterator[StoredMark]:
    for finding in _find(dataset, codes.SINGLE_FINDING):
        children = {_name(item): item for item in finding.ContentSequence}
        outline = children[codes.OUTLINE.value]
        source = outline.ContentSequence[0]
        if 'ReferencedContentItemIdentifier' in source:
            source = _at(dataset, source.ReferencedContentItemIdentifier)
        yield StoredMark(
            *_referenced(source.ReferencedSOPSequence[0]),
            _corners(outline.GraphicData),
            _percent(children.get(codes.CERTAINTY.value)),
            children[codes.TRACKING_UID.value].UID if codes.TRACKING_UID.value in children else '',
            children[codes.RENDERING_INTENT.value].ConceptCodeSequence[0].CodeValue,
        )


def _of_measurement_report(dataset: Dataset) -> Iterator[StoredMark]:
    for group in _find(dataset, codes.Code('125007', 'Measurement Group')):
        children = {_name(item): item for item in group.ContentSequence}
        region = children.get('111030')
        if region is None:
            continue
        yield StoredMark(
            *_referenced(region.ContentSequence[0].ReferencedSOPSequence[0]),
            _corners(region.GraphicData),
            _percent(children.get(codes.CERTAINTY.value)),
            children[codes.TRACKING_UID.value].UID,
        )


def _of_presentation_state(dataset: Dataset) -> Iterator[StoredMark]:
    for annotation in dataset.GraphicAnnotationSequence:
        for graphic in annotation.get('GraphicObjectSequence') or ():
            for image in annotation.ReferencedImageSequence:
                yield StoredMark(
                    *_referenced(image), _corners(graphic.GraphicData), None, str(graphic.get('TrackingUID') or '')
                )


def _of_segmentation(dataset: Dataset) -> Iterator[StoredMark]:
    """The box around each segment of each frame."""
    segments = {item.SegmentNumber: item for item in dataset.SegmentSequence}
    planes = dataset.pixel_array.reshape(-1, dataset.Rows, dataset.Columns)
    for plane, frame in zip(planes, dataset.PerFrameFunctionalGroupsSequence, strict=True):
        shared = dataset.SharedFunctionalGroupsSequence[0]
        named, derived = (
            (frame.get(group) or shared[group].value)[0]
            for group in ('SegmentIdentificationSequence', 'DerivationImageSequence')
        )
        segment, source = segments[named.ReferencedSegmentNumber], derived.SourceImageSequence[0]
        yield StoredMark(*_referenced(source), _bounds(plane > 0), None, str(segment.get('TrackingUID') or ''))


def _of_secondary_capture(dataset: Dataset) -> Iterator[StoredMark]:
    """The pixels that outlines enclose; outlines that touch are one."""
    from scipy import ndimage

    drawn = dataset.pixel_array == OUTLINE_LEVEL
    regions, count = ndimage.label(drawn, np.ones((3, 3), bool))
    for number in range(1, count + 1):
        frame = regions == number
        enclosed = ndimage.binary_fill_holes(frame) & ~frame
        yield StoredMark(*_referenced(dataset.SourceImageSequence[0]), _bounds(enclosed if enclosed.any() else frame))


def _find(item: Dataset, concept: codes.Code) -> Iterator[Dataset]:
    """Items of a concept anywhere in the tree, in its order."""
    for child in item.get('ContentSequence') or ():
        if _name(child) == concept.value:
            yield child
        yield from _find(child, concept)


def _at(root: Dataset, place: list[int]) -> Dataset:
    item = root
    for number in place[1:]:
        item = item.ContentSequence[number - 1]
    return item


def _name(item: Mapping) -> str:
    concept = item.get('ConceptNameCodeSequence')
    return concept[0].CodeValue if concept else ''


def _referenced(item: Dataset) -> tuple[str, int | None]:
    frame = item.get('ReferencedFrameNumber')
    return item.ReferencedSOPInstanceUID, None if frame is None else int(frame)


def _percent(item: Dataset | None) -> float | None:
    if item is None:
        return None
    measured = item.MeasuredValueSequence[0]
    return float(measured.get('FloatingPointValue', measured.NumericValue)) / 100


def _corners(data: list[float]) -> tuple[float, float, float, float]:
    points = np.reshape(data, (-1, 2))
    return (*points.min(axis=0).tolist(), *points.max(axis=0).tolist())


def _bounds(mask: np.ndarray) -> tuple[float, float, float, float]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return (float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1))
