"""``mammo predict --dicom`` and ``mammo dicom``: predictions as DICOM objects."""

from .folder import write_folder_results
from .model_file import MODEL_FILE, weights_digest, write_model_file
from .studies import PredictedTables, write_all_results
from .writing import DicomRequest, StudyFiles, check_kinds, write_dicom_results

__all__ = [
    'MODEL_FILE',
    'DicomRequest',
    'PredictedTables',
    'StudyFiles',
    'check_kinds',
    'weights_digest',
    'write_all_results',
    'write_dicom_results',
    'write_folder_results',
    'write_model_file',
]
