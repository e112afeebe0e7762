"""One file to one de-identified file."""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass
from pathlib import Path

from pydicom import Dataset, dcmread
from pydicom.config import disable_value_validation
from pydicom.errors import InvalidDicomError

from mammo_plugins.apis.found_images.placeholder_ids import is_placeholder
from mammo_plugins.datasets.parallel_reading import LOST
from mammo_plugins.io.deflated_file import inflate_dicom
from mammo_plugins.io.deidentify import IMAGES, Deidentifier, Identity, RefusedObjectError, refuse
from mammo_plugins.io.dicom_header import read_dicom_header
from mammo_plugins.io.mammogram_header import MammogramHeader
from mammo_plugins.io.unreadable_image import UnreadableImageError
from mammo_plugins.io.whole_file import whole_file

_SAME = (
    'modality', 'view', 'view_modifiers', 'rows', 'columns', 'num_slices', 'bits_stored', 'is_inverted', 'spacing_mm',
    'slice_thickness_mm', 'slice_spacing_mm', 'patient_orientation', 'has_implant', 'for_processing', 'is_computed',
    'magnification', 'special_text', 'unfit', 'doubts',
)  # fmt: skip
"""What a header must tell as before."""


@dataclass(frozen=True)
class FileJob:
    """What to de-identify.

    Attributes:
        path: the file.
        folder: where the result goes.
        key: the secret.
    """

    path: Path
    folder: Path
    key: bytes


@dataclass(frozen=True)
class FileResult:
    """What became of a file.

    Attributes:
        file: the de-identified one; None where it is left out.
        digest: of its bytes.
        is_image: or else a report, marks or a segmentation.
        reason: why it is left out.
        doubt: what is odd about it.
    """

    file: Path | None = None
    digest: str = ''
    is_image: bool = False
    reason: str = ''
    doubt: str = ''


def run_job(job: FileJob) -> FileResult:
    """De-identifies one file; whatever goes wrong is in the result, and quotes nothing of the file."""
    try:
        with warnings.catch_warnings(), disable_value_validation():
            warnings.simplefilter('ignore')  # they quote values
            return _deidentify(job)
    except (UnreadableImageError, RefusedObjectError) as error:
        return FileResult(reason=error.reason if isinstance(error, UnreadableImageError) else str(error))
    except InvalidDicomError:
        return FileResult(reason='not a DICOM file (no DICM marker after the first 128 bytes)')
    except OSError as error:
        return FileResult(reason=f'cannot be read or written: {error.strerror or type(error).__name__}')
    except Exception as error:  # pydicom lets through whatever a broken file causes
        return FileResult(reason=f'truncated or broken DICOM file ({type(error).__name__})')


def lost_job(job: FileJob) -> FileResult:
    """The result of a file that has ended its process."""
    return FileResult(reason=LOST)


def _deidentify(job: FileJob) -> FileResult:
    inflate_dicom(job.path)  # refuses what would unpack to more than memory holds
    head = dcmread(job.path, stop_before_pixels=True)
    refuse(head)
    is_image = head.SOPClassUID in IMAGES
    before = _readable_header(job.path) if is_image else None
    dataset = dcmread(job.path)
    identity, pixels = Identity(dataset), _pixel_digest(dataset)
    Deidentifier(job.key, is_placeholder).clean(dataset)
    if keyword := identity.find_in(dataset, but=str(dataset.get('PatientID', ''))):
        raise RefusedObjectError(f'the value of {keyword} stands elsewhere in it too, and would remain')
    uids = (dataset.StudyInstanceUID, dataset.SeriesInstanceUID, f'{dataset.SOPInstanceUID}.dcm')
    file = job.folder.joinpath(*uids)
    with whole_file(file) as unfinished:
        dataset.save_as(unfinished, enforce_file_format=True)
        _check(unfinished, before, pixels)
        digest = hashlib.sha256(unfinished.read_bytes()).hexdigest()
    return FileResult(file, digest, is_image, doubt=_doubt(dataset) if is_image else '')


def _readable_header(path: Path) -> MammogramHeader:
    header, _ = read_dicom_header(path)
    if header.pixel_problem:
        raise UnreadableImageError(path, header.pixel_problem)
    return header


def _pixel_digest(dataset: Dataset) -> str:
    return hashlib.sha256(dataset.get('PixelData') or b'').hexdigest()


def _check(path: Path, before: MammogramHeader | None, pixels: str) -> None:
    """The written file has the same pixel data, and as an image it says the same of view, size and grey values.

    Raises:
        RefusedObjectError: it does not.
    """
    if _pixel_digest(dcmread(path)) != pixels:
        raise RefusedObjectError('its pixel data would not be the same')
    if before is None:
        return
    after = _readable_header(path)
    changed = [name for name in _SAME if getattr(before, name) != getattr(after, name)]
    if changed:
        names = ', '.join(name.replace('_', ' ') for name in changed)
        raise RefusedObjectError(f'only a free text or an identifier tells its {names}')


def _doubt(dataset: Dataset) -> str:
    if dataset.get('BurnedInAnnotation'):
        return ''
    return 'Burned In Annotation is absent: nothing says that no name is written into the picture'
