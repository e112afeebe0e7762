"""Content items of structured reports as plain data sets.

highdicom has classes for these, but none for what TID 4000 needs: image items without a name, and items that refer to
another place in the tree.

Source: DICOM PS3.3 C.17.3 (SR Document Content), C.18 (content macros).
"""

from __future__ import annotations

from collections.abc import Sequence as Items

from pydicom import Dataset
from pydicom.sequence import Sequence
from pydicom.valuerep import format_number_as_ds

from .result_codes import Code
from .study_results import Reference

CONTAINS, HAS_PROPERTIES, INFERRED_FROM = 'CONTAINS', 'HAS PROPERTIES', 'INFERRED FROM'
HAS_CONCEPT_MOD, HAS_ACQ_CONTEXT, HAS_OBS_CONTEXT = 'HAS CONCEPT MOD', 'HAS ACQ CONTEXT', 'HAS OBS CONTEXT'
SELECTED_FROM = 'SELECTED FROM'


def container(relationship: str, concept: Code, children: Items[Dataset]) -> Dataset:
    """A heading with what stands below it."""
    item = _item(relationship, 'CONTAINER', concept, children)
    item.ContinuityOfContent = 'SEPARATE'
    return item


def code(relationship: str, concept: Code, value: Code, children: Items[Dataset] = ()) -> Dataset:
    """A coded statement."""
    item = _item(relationship, 'CODE', concept, children)
    item.ConceptCodeSequence = Sequence([value.item()])
    return item


def text(relationship: str, concept: Code, value: str) -> Dataset:
    """A statement in words."""
    item = _item(relationship, 'TEXT', concept)
    item.TextValue = value
    return item


def uid_reference(relationship: str, concept: Code, value: str) -> Dataset:
    """A UID."""
    item = _item(relationship, 'UIDREF', concept)
    item.UID = value
    return item


def date(relationship: str, concept: Code, value: str) -> Dataset:
    """A date, ``YYYYMMDD``."""
    item = _item(relationship, 'DATE', concept)
    item.Date = value
    return item


def time(relationship: str, concept: Code, value: str) -> Dataset:
    """A time of day, ``HHMMSS``."""
    item = _item(relationship, 'TIME', concept)
    item.Time = value
    return item


def number(relationship: str, concept: Code, value: float, unit: Code, children: Items[Dataset] = ()) -> Dataset:
    """A measurement: as a decimal of 16 characters, and in full beside it."""
    item = _item(relationship, 'NUM', concept, children)
    measured = Dataset()
    measured.NumericValue = format_number_as_ds(float(value))
    measured.FloatingPointValue = float(value)
    measured.MeasurementUnitsCodeSequence = Sequence([unit.item()])
    item.MeasuredValueSequence = Sequence([measured])
    return item


def image(relationship: str, reference: Reference, children: Items[Dataset] = ()) -> Dataset:
    """An image, or a frame of it, by its UIDs."""
    item = _item(relationship, 'IMAGE', None, children)
    item.ReferencedSOPSequence = Sequence([image_reference(reference)])
    return item


def image_reference(reference: Reference) -> Dataset:
    """An item of a sequence that refers to an image."""
    item = Dataset()
    item.ReferencedSOPClassUID = reference.instance.SOPClassUID
    item.ReferencedSOPInstanceUID = reference.instance.SOPInstanceUID
    if reference.frame is not None:
        item.ReferencedFrameNumber = reference.frame
    return item


def coordinates(
    relationship: str, concept: Code, graphic_type: str, points_xy: Items[float], source: Dataset
) -> Dataset:
    """Points on an image, in columns and rows from the outer corner of its first pixel.

    Args:
        relationship, concept: of the item.
        graphic_type: ``POINT`` or ``POLYLINE``.
        points_xy: x and y in turn.
        source: the item that names the image.

    Source: DICOM PS3.3 C.18.6.1.1: (0, 0) is the upper left corner of the upper left pixel.
    """
    item = _item(relationship, 'SCOORD', concept, [source])
    item.GraphicType, item.GraphicData = graphic_type, [float(value) for value in points_xy]
    return item


def other_place(relationship: str, place: Items[int]) -> Dataset:
    """Another item of the tree, by the way to it: (1,) is the root, (1, 2) its second item."""
    item = Dataset()
    item.RelationshipType, item.ReferencedContentItemIdentifier = relationship, list(place)
    return item


def outline_points(box_xyxy: Items[float]) -> list[float]:
    """Corners of a box as a closed polyline."""
    x1, y1, x2, y2 = box_xyxy
    return [x1, y1, x2, y1, x2, y2, x1, y2, x1, y1]


def _item(relationship: str, value_type: str, concept: Code | None, children: Items[Dataset] = ()) -> Dataset:
    item = Dataset()
    item.RelationshipType, item.ValueType = relationship, value_type
    if concept is not None:
        item.ConceptNameCodeSequence = Sequence([concept.item()])
    if children:
        item.ContentSequence = Sequence(children)
    return item
