"""Whose image a file is, of which study and day, without reading the rest of its header."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
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
        study_date: YYYYMMDD; empty where unknown or no date.
        pixel_file: the file that holds the pixels, where it is another one.
    """

    patient_id: str = ''
    study_uid: str = ''
    study_date: str = ''
    pixel_file: Path | None = None


def read_identity(path: Path) -> FileIdentity:
    """Reads a few elements of a DICOM file, or the name of another image; never raises."""
    try:
        with path.open('rb') as file:
            start = file.read(_DICOM_MARKER_AT + 4)
        return _of_dicom(path) if start[_DICOM_MARKER_AT:] == b'DICM' else _of_other(path)
    except Exception:  # what is wrong with the file is said where it is opened as an image
        return FileIdentity()


def _of_dicom(path: Path) -> FileIdentity:
    with path.open('rb') as file, disable_value_validation():
        dataset = dcmread(
            inflate_dicom(path) or file,
            stop_before_pixels=True,
            specific_tags=['PatientID', 'StudyInstanceUID', 'StudyDate'],
        )
    tags = DicomTags(path, dataset)
    return FileIdentity(tags.text('PatientID'), tags.text('StudyInstanceUID'), _valid_date(tags.text('StudyDate')))


def _valid_date(text: str) -> str:
    try:
        return datetime.strptime(text, '%Y%m%d').strftime('%Y%m%d')
    except ValueError:
        return ''


def _of_other(path: Path) -> FileIdentity:
    try:
        source = open_image(path)
    except UnreadableImageError:
        return FileIdentity()
    is_apart = isinstance(source, MetaImage) and source.data_path != path
    header = source.header
    return FileIdentity(header.patient_id, header.study_uid, pixel_file=source.data_path if is_apart else None)
