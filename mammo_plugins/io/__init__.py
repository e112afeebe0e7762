"""Readers and writers: DICOM, PNG, orientation and the annotation file."""

from .coco_volume import (
    AnnotationError,
    AnnotationSet,
    FindingRecord,
    ImageRecord,
    read_annotations,
    validate_annotations,
    write_annotations,
)
from .orientation import OrientationFlips, canonical_flips, chest_wall_side

__all__ = [
    'AnnotationError',
    'AnnotationSet',
    'FindingRecord',
    'ImageRecord',
    'OrientationFlips',
    'canonical_flips',
    'chest_wall_side',
    'read_annotations',
    'validate_annotations',
    'write_annotations',
]
