"""Audit of a data set: pure functions on records and on what was kept of their files, one topic a module.

Each check gives a list of :class:`AuditFinding`. Nothing here needs torch.
"""

from .all_checks import run_checks
from .audit_finding import SEVERITIES, AuditFinding, is_as_bad_as, worst_first
from .audit_thresholds import AuditThresholds, threshold_meanings
from .audited_image import AuditedImage
from .check_catalogue import CHECKS, AuditCheck
from .conversion_checks import check_conversion
from .file_inspection import InspectionJob, inspect_file
from .image_facts import BoxFacts, ImageFacts, PixelFacts
from .lenient_annotations import LenientAnnotations, check_strict_reading, read_annotations_leniently

__all__ = [
    'CHECKS',
    'SEVERITIES',
    'AuditCheck',
    'AuditFinding',
    'AuditThresholds',
    'AuditedImage',
    'BoxFacts',
    'ImageFacts',
    'InspectionJob',
    'LenientAnnotations',
    'PixelFacts',
    'check_conversion',
    'check_strict_reading',
    'inspect_file',
    'is_as_bad_as',
    'read_annotations_leniently',
    'run_checks',
    'threshold_meanings',
    'worst_first',
]
