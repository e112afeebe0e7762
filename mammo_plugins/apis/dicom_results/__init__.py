"""``mammo predict --dicom`` and ``mammo dicom``: predictions as DICOM objects."""

from .failed_study import write_failed_study
from .study_folder import write_study_folder
from .writing import FOLDER, DicomRequest, StudyFiles, check_kinds, remove_results, write_dicom_results

__all__ = [
    'FOLDER',
    'DicomRequest',
    'StudyFiles',
    'check_kinds',
    'remove_results',
    'write_dicom_results',
    'write_failed_study',
    'write_study_folder',
]
