"""Independent programs that check DICOM files; a test that asks for one that is missing is skipped and says so."""

from .dciodvfy import dciodvfy_errors
from .dsrdump import dsrdump_errors
from .pixelmed import pixelmed_errors

__all__ = ['dciodvfy_errors', 'dsrdump_errors', 'pixelmed_errors']
