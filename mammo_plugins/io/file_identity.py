"""Whose image a file is and of which study, without reading the rest of its header."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydicom import dcmread
from pydicom.config import disable_value_validation

from .deflated_file import inflate_dicom
from .dicom_tags import DicomTags
from .image_source import open_image
from .meta_image import MetaImage
from .unreadable_image import UnreadableImageError

_DICOM_MARKER_AT = 128


@dataclass(frozen=True)
class FileIdentity:
    """Of a file that may be no image at all: then both ids are empty.

    Attributes:
        patient_id, study_uid: empty where unknown.
        pixel_file: the file that holds the pixels, where it is another one.
    """

    patient_id: str = ''
    study_uid: str = ''
    pixel_file: Path | None = None


def read_identity(path: Path) -> FileIdentity:
    """Reads two elements of a DICOM file, or the name of another image; never raises."""
    try:
        with path.open('rb') as file:
            start = file.read(_DICOM_MARKER_AT + 4)
        return _of_dicom(path) if start[_DICOM_MARKER_AT:] == b'DICM' else _of_other(path)
    except Exception:  # what is wrong with the file is said where it is opened as an image
        return FileIdentity()


def _of_dicom(path: Path) -> FileIdentity:
    with path.open('rb') as file, disable_value_validation():
        dataset = dcmread(
            inflate_dicom(path) or file, stop_before_pixels=True, specific_tags=['PatientID', 'StudyInstanceUID']
        )
    tags = DicomTags(path, dataset)
    return FileIdentity(tags.text('PatientID'), tags.text('StudyInstanceUID'))


def _of_other(path: Path) -> FileIdentity:
    try:
        source = open_image(path)
    except UnreadableImageError:
        return FileIdentity()
    is_apart = isinstance(source, MetaImage) and source.data_path != path
    return FileIdentity(source.header.patient_id, source.header.study_uid, source.data_path if is_apart else None)
