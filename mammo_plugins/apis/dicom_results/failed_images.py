"""Which of the images that were left out could not be read, and whose they are.

An image that was left out because it is a copy, a spot view or of another modality was not to be read; one whose pixels
are broken, or that does not say which view it shows, should have been, and a reader must know.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from pydicom import Dataset

from mammo_plugins.io.dicom_modality import BREAST_TOMOSYNTHESIS, MG_FOR_PRESENTATION, MG_FOR_PROCESSING
from mammo_plugins.io.dicom_out.source_headers import read_source_header
from mammo_plugins.io.image_source import open_image
from mammo_plugins.io.slice_folder import dicom_files_in, is_dicom_file
from mammo_plugins.io.slice_series import names_series, series_files
from mammo_plugins.io.unreadable_image import UnreadableImageError

BREAST_CLASSES = (MG_FOR_PRESENTATION, MG_FOR_PROCESSING, BREAST_TOMOSYNTHESIS)
"""Classes of images that are of a breast whatever else their header says."""


def find_failed(left_out: Iterable[str | Path]) -> dict[str, list[Dataset]]:
    """Study Instance UID to the pruned headers of its images that could not be read.

    Args:
        left_out: files, folders or series that were not predicted, in any order. Files whose header is broken too
            belong nowhere.
    """
    failed: dict[str, list[Dataset]] = defaultdict(list)
    for path in map(Path, sorted(map(str, left_out))):
        headers = headers_of(path)
        if headers and headers[0].SOPClassUID in BREAST_CLASSES and not _is_readable(path):
            failed[headers[0].StudyInstanceUID] += headers
    return dict(failed)


def headers_of(path: Path) -> list[Dataset]:
    """Pruned headers of the files of an image; none where it is no DICOM file, or one that cannot be read."""
    try:
        if names_series(path):
            files = series_files(path)
        elif path.is_dir():
            files = dicom_files_in(path)
        else:
            files = [path] if is_dicom_file(path) else []
        return [read_source_header(file) for file in files]
    except (UnreadableImageError, OSError, ValueError):
        return []


def _is_readable(path: Path) -> bool:
    """Whether every slice can be decoded, and the header says what it shows."""
    try:
        source = open_image(path)
        for _ in source.iter_slices():
            pass
    except (UnreadableImageError, OSError, ValueError):
        return False
    return source.header.view is not None
