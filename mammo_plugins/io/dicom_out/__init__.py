"""DICOM files that this project writes, beside the phantoms."""

from .computed_mammogram import ComputedMammogram, computed_uid, write_computed_mammogram

__all__ = ['ComputedMammogram', 'computed_uid', 'write_computed_mammogram']
