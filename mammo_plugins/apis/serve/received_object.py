"""What an object is that came in: an image to keep, something to ignore, or nothing that can be used here."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pydicom import dcmread
from pydicom.config import disable_value_validation
from pydicom.uid import UID

from mammo_plugins.apis.dicom_results.failed_images import BREAST_CLASSES
from mammo_plugins.io import read_header
from mammo_plugins.io.deflated_file import inflate_dicom
from mammo_plugins.io.dicom_modality import CT_IMAGE, SECONDARY_CAPTURE
from mammo_plugins.io.dicom_out.result_objects import is_own_result
from mammo_plugins.io.dicom_tags import DicomTags
from mammo_plugins.io.unreadable_image import UnreadableImageError

_STORAGE = '1.2.840.10008.5.1.4.1.1.'
IMAGE_CLASSES = (*BREAST_CLASSES, CT_IMAGE, SECONDARY_CAPTURE)
"""Classes of images that can be read; of the last two, those of breasts."""
OTHER_CLASSES = tuple(
    f'{_STORAGE}{number}' for number in ('88.11', '88.22', '88.33', '88.34', '88.50', '88.59', '11.1', '66.4')
)
"""SR, key objects, presentation states and segmentations, which a study in an archive has beside its images."""

_IDENTITY = ('SOPClassUID', 'SOPInstanceUID', 'StudyInstanceUID', 'SeriesInstanceUID')
_BLOCK_BYTES = 1 << 20


class UnusableObjectError(ValueError):
    """An object that cannot be kept; the message says why without any value of it."""


@dataclass(frozen=True)
class ReceivedObject:
    """What the header of an object says.

    Attributes:
        study_uid, sop_uid: its UIDs.
        sha256: of the file behind its file meta information.
        is_own: whether this software wrote it.
        modality, view: such as ``DBT`` and ``L-CC``; empty where the header does not tell.
    """

    study_uid: str
    sop_uid: str
    sha256: str
    is_own: bool
    modality: str = ''
    view: str = ''


def describe_object(path: Path, sop_class_uid: str, sop_uid: str) -> ReceivedObject:
    """Looks at the header of an object. Damaged images are taken: their report says that they could not be read.

    Args:
        path: the file.
        sop_class_uid, sop_uid: what the sender announced.

    Raises:
        UnusableObjectError: it names no study, is not what was announced, or is no image of a breast by its class.
    """
    try:
        with disable_value_validation():
            stored = dcmread(
                inflate_dicom(path) or path,
                stop_before_pixels=True,
                specific_tags=[*_IDENTITY, 'ContributingEquipmentSequence'],
            )
            tags = DicomTags(path, stored)
            identity = {keyword: tags.text(keyword) for keyword in _IDENTITY}
            is_own = is_own_result(stored)
    except Exception as error:  # pydicom lets through whatever a broken object causes, with values in the message
        raise UnusableObjectError(f'its header cannot be read ({type(error).__name__})') from None
    for keyword, uid in identity.items():
        if not UID(uid).is_valid:
            raise UnusableObjectError(f'{keyword} is absent or no UID')
    if identity['SOPInstanceUID'] != sop_uid or identity['SOPClassUID'] != sop_class_uid:
        raise UnusableObjectError('its class or instance UID is not the one that was announced')
    modality, view = ('', '') if is_own else _read_view(path, sop_class_uid)
    return ReceivedObject(identity['StudyInstanceUID'], sop_uid, _digest(path), is_own, modality, view)


def _read_view(path: Path, sop_class_uid: str) -> tuple[str, str]:
    try:
        header = read_header(path)
    except UnreadableImageError:
        if sop_class_uid not in BREAST_CLASSES:
            raise UnusableObjectError('it is no image of a breast that can be read') from None
        return '', ''
    except Exception as error:
        raise UnusableObjectError(f'its header cannot be read ({type(error).__name__})') from None
    return header.modality or '', str(header.view) if header.view else ''


def _digest(path: Path) -> str:
    """SHA-256 of a file. The meta information in front is made by this node and the same for the same object."""
    digest = hashlib.sha256()
    with path.open('rb') as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()
