"""Distance of pixel centres in the breast."""

from __future__ import annotations

import numpy as np

from .dicom_frames import frame_positions
from .dicom_tags import DicomTags

SPACING_KEYWORDS = (
    'PixelSpacing', 'ImagerPixelSpacing', 'EstimatedRadiographicMagnificationFactor', 'SliceThickness',
    'SpacingBetweenSlices', 'SharedFunctionalGroupsSequence', 'PerFrameFunctionalGroupsSequence',
)  # fmt: skip

_GROUPS = ('PerFrameFunctionalGroupsSequence', 'SharedFunctionalGroupsSequence')


def read_spacing(tags: DicomTags) -> tuple[tuple[float, float] | None, str | None]:
    """(row, column) spacing in mm and where it comes from; (None, None) where the header has none.

    The order is: Pixel Measures of the functional groups (first frame's, then shared), Pixel Spacing, and Imager Pixel
    Spacing divided by the magnification, since it is measured at the detector and not in the breast. A value that is
    not two positive numbers counts as absent.

    Source: DICOM PS3.3 C.7.6.16.2.1, 10.7.1.3 and C.8.7.5.1 (Estimated Radiographic Magnification Factor).
    """
    for group in _GROUPS:
        measures = tags.first_item(group, 'PixelMeasuresSequence')
        if measures is not None and (spacing := _pair(measures, 'PixelSpacing')):
            return spacing, 'PixelMeasuresSequence'
    if spacing := _pair(tags, 'PixelSpacing'):
        return spacing, 'PixelSpacing'
    if at_detector := _pair(tags, 'ImagerPixelSpacing'):
        magnification = tags.number('EstimatedRadiographicMagnificationFactor') or 1.0
        if magnification > 0:
            return (at_detector[0] / magnification, at_detector[1] / magnification), 'ImagerPixelSpacing'
    return None, None


def read_slice_thickness(tags: DicomTags) -> float | None:
    """Slice Thickness in mm as stored, or None. Hologic stores the thickness of the whole breast there."""
    for group in _GROUPS:
        measures = tags.first_item(group, 'PixelMeasuresSequence')
        if measures is not None and (thickness := measures.number('SliceThickness')):
            return thickness
    return tags.number('SliceThickness') or None


def read_slice_spacing(tags: DicomTags) -> float | None:
    """Distance of neighbouring slices in mm, or None where the header does not say.

    Spacing Between Slices (Pixel Measures of the first frame, shared ones, top level), else the median distance of
    neighbouring frames by their Image Position (Patient). BCS-DBT states neither: its frames all have one position.

    Source: DICOM PS3.3 C.7.6.16.2.1 (Pixel Measures), C.7.6.16.2.3 (Plane Position).
    """
    measures = (tags.first_item(group, 'PixelMeasuresSequence') for group in _GROUPS)
    for holder in (*measures, tags):
        if holder is not None and (spacing := holder.number('SpacingBetweenSlices')) and spacing > 0:
            return spacing
    positions = frame_positions(tags)
    return None if positions is None else float(np.median(np.diff(np.sort(positions)))) or None


def _pair(tags: DicomTags, keyword: str) -> tuple[float, float] | None:
    values = tags.numbers(keyword)
    return (values[0], values[1]) if len(values) == 2 and min(values) > 0 else None
