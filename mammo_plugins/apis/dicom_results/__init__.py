"""``mammo predict --dicom`` and ``mammo dicom``: predictions as DICOM objects."""

from .study_folder import write_study_folder
from .writing import DicomRequest, StudyFiles, check_kinds, remove_results, write_dicom_results

__all__ = ['DicomRequest', 'StudyFiles', 'check_kinds', 'remove_results', 'write_dicom_results', 'write_study_folder']
