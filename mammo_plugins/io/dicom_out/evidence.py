"""Every image that results rest on, whether or not something was found in it.

Source: DICOM PS3.3 C.17.2 (SR Document General), Table C.17-3 (Hierarchical SOP Instance Reference).
"""

from __future__ import annotations

from collections import defaultdict

from pydicom import Dataset
from pydicom.sequence import Sequence

from .content_items import image_reference
from .study_results import Reference, StudyResults


def evidence_items(results: StudyResults) -> Sequence:
    """Current Requested Procedure Evidence Sequence: all images, those that failed too, by series."""
    by_series: dict[str, list[Dataset]] = defaultdict(list)
    for header in results.headers():
        by_series[header.SeriesInstanceUID].append(image_reference(Reference(header, None)))
    study = Dataset()
    study.StudyInstanceUID = results.first.StudyInstanceUID
    study.ReferencedSeriesSequence = Sequence()
    for uid, images in by_series.items():
        series = Dataset()
        series.SeriesInstanceUID, series.ReferencedSOPSequence = uid, Sequence(images)
        study.ReferencedSeriesSequence.append(series)
    return Sequence([study])
