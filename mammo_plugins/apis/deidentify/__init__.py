"""``mammo deidentify``: DICOM files without what tells who the patient is."""

from .run import DeidentificationRun, deidentify

__all__ = ['DeidentificationRun', 'deidentify']
