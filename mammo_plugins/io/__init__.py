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
from .dbtex_tables import read_dbtex_tables
from .image_source import ImageSource, iter_slices, open_image, read_dbt_volume, read_header, read_mammogram
from .mammogram_header import MammogramHeader, MammogramImage
from .orientation import OrientationFlips, canonical_flips, chest_wall_side
from .unreadable_image import UnreadableImageError
from .voi import VOI_POLICIES

__all__ = [
    'VOI_POLICIES',
    'AnnotationError',
    'AnnotationSet',
    'FindingRecord',
    'ImageRecord',
    'ImageSource',
    'MammogramHeader',
    'MammogramImage',
    'OrientationFlips',
    'UnreadableImageError',
    'canonical_flips',
    'chest_wall_side',
    'iter_slices',
    'open_image',
    'read_annotations',
    'read_dbt_volume',
    'read_dbtex_tables',
    'read_header',
    'read_mammogram',
    'validate_annotations',
    'write_annotations',
]
