"""Codes in structured reports of predictions.

Source: DICOM PS3.16 TID 4000 to 4021, TID 1500, CID 6014, 6016, 6022, 6034, 6042, 6043, 6047.
"""

from __future__ import annotations

from typing import NamedTuple

from pydicom import Dataset

from mammo_plugins.structures import Laterality, ViewPosition

from ..dicom_view import MODIFIER_CODES, VIEW_CODES
from .code_items import VIEW_MEANINGS, code_item
from .result_settings import ResultSettings
from .study_results import StudyResults


class Code(NamedTuple):
    """A coded concept."""

    value: str
    meaning: str
    scheme: str = 'DCM'

    def item(self) -> Dataset:
        """As an item of a code sequence."""
        return code_item(self.value, self.meaning, self.scheme)


# Containers and concepts of TID 4000 and its kin.
CAD_REPORT = Code('111036', 'Mammography CAD Report')
IMAGE_LIBRARY = Code('111028', 'Image Library')
LANGUAGE = Code('121049', 'Language of Content Item and Descendants')
ENGLISH = Code('en', 'English', 'RFC5646')
SUMMARY = Code('111017', 'CAD Processing and Findings Summary')
IMPRESSION = Code('111034', 'Individual Impression/Recommendation')
IMPRESSION_TEXT = Code('111033', 'Impression Description')
IMPRESSION_CERTAINTY = Code('111013', 'Certainty of impression')
RENDERING_INTENT = Code('111056', 'Rendering Intent')
SINGLE_FINDING = Code('111059', 'Single Image Finding')
COMPOSITE_FEATURE = Code('111015', 'Composite Feature')
COMPOSITE_TYPE = Code('111016', 'Composite Type')
FEATURE_SCOPE = Code('111057', 'Scope of Feature')
RELATED_SPATIALLY = Code('111154', 'Target content items are related spatially')
ON_SEVERAL_IMAGES = Code('111158', 'Feature detected on multiple images')
CERTAINTY = Code('111012', 'Certainty of Finding')
PROBABILITY = Code('111047', 'Probability of cancer')
CENTER = Code('111010', 'Center')
OUTLINE = Code('111041', 'Outline')
TRACKING_TEXT = Code('112039', 'Tracking Identifier')
TRACKING_UID = Code('112040', 'Tracking Unique Identifier')
ALGORITHM_NAME = Code('111001', 'Algorithm Name')
ALGORITHM_VERSION = Code('111003', 'Algorithm Version')
ALGORITHM_PARAMETERS = Code('111002', 'Algorithm Parameters')
DETECTIONS = Code('111064', 'Summary of Detections')
SUCCESSFUL_DETECTIONS = Code('111063', 'Successful Detections')
FAILED_DETECTIONS = Code('111025', 'Failed Detections')
DETECTION = Code('111022', 'Detection Performed')
ANALYSES = Code('111065', 'Summary of Analyses')
SUCCESSFUL_ANALYSES = Code('111062', 'Successful Analyses')
FAILED_ANALYSES = Code('111024', 'Failed Analyses')
ANALYSIS = Code('111004', 'Analysis Performed')
OVERALL_ANALYSIS = Code('111234', 'Overall Impression / Recommendation Analysis')

SUCCEEDED = Code('111222', 'Succeeded')
PARTIALLY_SUCCEEDED = Code('111223', 'Partially Succeeded')
FAILED = Code('111224', 'Failed')
NOT_ATTEMPTED = Code('111225', 'Not Attempted')

PRESENTATION_REQUIRED = Code('111150', 'Presentation Required: Rendering device is expected to present')
PRESENTATION_OPTIONAL = Code('111151', 'Presentation Optional: Rendering device may present')
NOT_FOR_PRESENTATION = Code('111152', 'Not for Presentation: Rendering device expected not to present')

# CID 6047 by whether images failed and whether there are findings.
SUMMARIES = {
    (False, False): Code('111241', 'All algorithms succeeded; without findings'),
    (False, True): Code('111242', 'All algorithms succeeded; with findings'),
    (True, False): Code('111243', 'Not all algorithms succeeded; without findings'),
    (True, True): Code('111244', 'Not all algorithms succeeded; with findings'),
}
ALL_FAILED = Code('111245', 'No algorithms succeeded; without findings')

# The image library.
IMAGE_LATERALITY = Code('111027', 'Image Laterality')
IMAGE_VIEW = Code('111031', 'Image View')
IMAGE_VIEW_MODIFIER = Code('111032', 'Image View Modifier')
ORIENTATION_ROW = Code('111044', 'Patient Orientation Row')
ORIENTATION_COLUMN = Code('111043', 'Patient Orientation Column')
STUDY_DATE, STUDY_TIME = Code('111060', 'Study Date'), Code('111061', 'Study Time')
CONTENT_DATE, CONTENT_TIME = Code('111018', 'Content Date'), Code('111019', 'Content Time')
HORIZONTAL_SPACING = Code('111026', 'Horizontal Pixel Spacing')
VERTICAL_SPACING = Code('111066', 'Vertical Pixel Spacing')

PERCENT = Code('%', 'percent', 'UCUM')
MILLIMETER = Code('mm', 'millimeter', 'UCUM')

_FINDINGS = {
    'density': {'SCT': '129793001', 'SRT': 'F-01796', 'meaning': 'Mammography breast density'},
    'calcification cluster': {'SCT': '129769006', 'SRT': 'F-01775', 'meaning': 'Calcification Cluster'},
    'architectural distortion': {
        'SCT': '129792006', 'SRT': 'F-01795', 'meaning': 'Architectural distortion of breast',
    },
}  # fmt: skip
_SIDES = {
    Laterality.LEFT: {'SCT': '80248007', 'SRT': 'T-04030', 'meaning': 'Left breast'},
    Laterality.RIGHT: {'SCT': '73056007', 'SRT': 'T-04020', 'meaning': 'Right breast'},
    None: {'SCT': '63762007', 'SRT': 'T-04080', 'meaning': 'Both breasts'},
}
_LATERALITY = {'SCT': '272741003', 'SRT': 'G-C171', 'meaning': 'Laterality'}
_COLLOCATION = {'SCT': '133884007', 'SRT': 'P5-B3402', 'meaning': 'Spatial collocation analysis'}


def _coded(entry: dict[str, str], coding: str) -> Code:
    return Code(entry[coding], entry['meaning'], coding)


def finding_code(finding: str, coding: str) -> Code:
    """CID 6014 (and 6016) of one of :data:`~.result_settings.FINDINGS`."""
    return _coded(_FINDINGS[finding], coding)


def side_code(side: Laterality | None, coding: str) -> Code:
    """CID 6022; both breasts for None."""
    return _coded(_SIDES[side], coding)


def laterality_code(coding: str) -> Code:
    """The concept that a side is a value of."""
    return _coded(_LATERALITY, coding)


def collocation_code(coding: str) -> Code:
    """CID 6043: that findings of two views were compared."""
    return _coded(_COLLOCATION, coding)


def summary_code(results: StudyResults, settings: ResultSettings) -> Code:
    """CID 6047 of a study; findings that are not for presentation are none."""
    if not results.images:
        return ALL_FAILED
    return SUMMARIES[bool(results.failed), results.has_shown_marks(settings)]


def view_code(position: ViewPosition, coding: str) -> Code | None:
    """CID 4014; None for a view without a code."""
    values = [code for code, meant in VIEW_CODES.items() if meant is position and code.isdigit() == (coding == 'SCT')]
    return Code(values[0], VIEW_MEANINGS[position], coding) if values else None


def modifier_codes(modifiers: tuple[str, ...], coding: str) -> list[Code]:
    """CID 4015 of those modifiers that have a code."""
    by_name = {name: code for code, name in MODIFIER_CODES.items() if code.isdigit() == (coding == 'SCT')}
    return [Code(by_name[name], name.title(), coding) for name in modifiers if name in by_name]


def intent_code(score: float, required_from: float, optional_from: float) -> Code:
    """CID 6034 of a finding by its score."""
    if score >= required_from:
        return PRESENTATION_REQUIRED
    return PRESENTATION_OPTIONAL if score >= optional_from else NOT_FOR_PRESENTATION
