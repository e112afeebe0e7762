"""Which way rows and columns run in the patient, by a DICOM header.

Source: DICOM PS3.3 C.7.6.1.1.1 (Patient Orientation), C.7.6.2.1.1 (Image Orientation (Patient)),
C.7.6.16.2.4 (Plane Orientation of frames).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .dicom_frames import frame_directions
from .dicom_modality import BREAST_TOMOSYNTHESIS, CT_IMAGE
from .dicom_tags import DicomTags

_LETTERS = (('L', 'R'), ('P', 'A'), ('H', 'F'))  # along x, y and z of the patient: forwards, backwards
_ALIGNED = 0.95  # cosine of 18 degrees
_REFINING = 0.3  # cosine from which an axis is named too
_UNIT_ERROR = 0.01
_PLACEHOLDER = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def read_patient_orientation(tags: DicomTags) -> tuple[str, str] | None:
    """(row direction, column direction) as letters, or None where the header does not tell.

    Patient Orientation, or in CT and tomosynthesis objects without it what Image Orientation (Patient) of the slice
    or of the first frame says the same of. The latter counts where rows or columns run between front and back, as they
    do in every mammogram; the axes of the scanner (1, 0, 0, 0, 1, 0), which stand in files that know no better, do not.
    """
    written = tags.texts('PatientOrientation')
    if any(written):
        return (written[0], written[1]) if len(written) == 2 else None
    cosines = _direction_cosines(tags)
    if len(cosines) != 6 or np.allclose(cosines, _PLACEHOLDER, atol=_UNIT_ERROR):
        return None
    along_row, along_column = axes = np.reshape(cosines, (2, 3))
    if not np.allclose(axes @ axes.T, np.eye(2), atol=_UNIT_ERROR) or np.abs(axes[:, 1]).max() < _ALIGNED:
        return None
    return _letters(along_row), _letters(along_column)


def _direction_cosines(tags: DicomTags) -> tuple[float, ...]:
    sop_class = tags.text('SOPClassUID')
    if sop_class == BREAST_TOMOSYNTHESIS:
        return frame_directions(tags)
    return tags.numbers('ImageOrientationPatient') if sop_class == CT_IMAGE else ()


def _letters(direction: npt.NDArray[np.float64]) -> str:
    """The axes that a direction (3,) runs along, the chief one first; of two equal ones that of the higher number."""
    weights = np.abs(direction).round(6)
    order = sorted(range(3), key=lambda axis: (weights[axis], axis), reverse=True)
    return ''.join(_LETTERS[axis][int(direction[axis] < 0)] for axis in order if weights[axis] >= _REFINING)
