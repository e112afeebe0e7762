"""The objects of a study that could not be predicted at all, from the headers of its images alone.

No pixel is decoded: whatever ended the prediction, such as a crash of a decoder, does not end this.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from pydicom import Dataset

from mammo_plugins.io import AnnotationSet
from mammo_plugins.io.dicom_out.result_objects import KINDS

from .failed_images import BREAST_CLASSES, headers_of
from .studies import PredictedTables, write_all_results
from .writing import DicomRequest, StudyFiles


def write_failed_study(out: Path, files: Iterable[Path], request: DicomRequest) -> StudyFiles:
    """Writes reports that say that the algorithm failed on every image, below ``out/dicom``.

    Args:
        out: folder.
        files: DICOM files. Those whose header cannot be read, or that are of no class of breast images, are left out.
        request: what to write; only kinds that report failures give an object, and a Mammography CAD SR is always one.
    """
    request = replace(request, kinds=tuple(kind for kind in KINDS if kind in (*request.kinds, 'cad-sr')))
    failed: dict[str, list[Dataset]] = defaultdict(list)
    for path in files:
        for header in headers_of(path):
            if header.SOPClassUID in BREAST_CLASSES:
                failed[header.StudyInstanceUID].append(header)
    return write_all_results(out, AnnotationSet([], [], {'root': ''}), PredictedTables(), request, failed)
