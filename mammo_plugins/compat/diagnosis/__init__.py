"""Checks of an installation, each of which ends in a finding and the command that repairs it."""

from .check import Check, Status
from .dicom_decoding import check_transfer_syntaxes
from .import_traps import check_import_traps
from .opencv import check_opencv
from .operators import check_accelerator, check_operators
from .packages import NOT_INSTALLED, REQUIREMENTS, check_package, check_project, check_python, without_consequences

__all__ = [
    'NOT_INSTALLED',
    'REQUIREMENTS',
    'Check',
    'Status',
    'check_accelerator',
    'check_import_traps',
    'check_opencv',
    'check_operators',
    'check_package',
    'check_project',
    'check_python',
    'check_transfer_syntaxes',
    'without_consequences',
]
