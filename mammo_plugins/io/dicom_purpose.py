"""What an image was taken for: to look for lesions in a whole breast, or for something else.

``unfit`` images (localisers, stereotactic scouts, specimens, calibration, cut-outs and masks) are no images of a breast
to find lesions in; ``special`` ones show a part of it at another scale (spot, magnification) by what their texts say;
``doubts`` are worth saying of one that is used. Texts of the image or its series decide. Those of its study or
procedure, which holds ordinary views too, put it in doubt.

Source: DICOM PS3.3 C.8.11.7.1.4 (Image Type of stereotactic, tomosynthesis and contrast images), C.8.11.7 (Positioner
Type, distances), PS3.16 CID 4014 and 4015.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .dicom_tags import DicomTags
from .dicom_view import DicomView, modifier_items

_IMAGE_TEXTS = ('ViewPosition', 'SeriesDescription', 'BodyPartExamined')
_SPECIAL_TEXTS = ('SeriesDescription', 'PaddleDescription', 'ProtocolName', 'AcquisitionDeviceProcessingDescription')
_STUDY_TEXTS = ('StudyDescription', 'PerformedProcedureStepDescription')
FREE_TEXTS = (*_SPECIAL_TEXTS, *_STUDY_TEXTS)
PURPOSE_KEYWORDS = (
    'ImageType', 'BodyPartExamined', 'PositionerType', 'ViewPosition', 'ViewCodeSequence', 'ViewModifierCodeSequence',
    'PartialView', 'BurnedInAnnotation', 'EstimatedRadiographicMagnificationFactor', 'QualityControlImage', 'PatientID',
    'AnatomicRegionSequence', 'SpecimenDescriptionSequence', 'DistanceSourceToDetector', 'DistanceSourceToPatient',
    *FREE_TEXTS,
)  # fmt: skip
_STEREOTACTIC = re.compile(r'(STEREO|PREFIRE|POSTFIRE).*')
_UNFIT_IMAGE_TYPES = {
    'LOCALIZER': 'a localiser', 'SCOUT': 'a scout image', 'TOMO_SCOUT': 'a scout image',
    'TOMO_PROJ': 'a tomosynthesis projection', 'SUBTRACTION': 'a subtraction of a contrast series',
    'RECOMBINED': 'a recombined image of a contrast series', 'BIOPSY': 'an image of a biopsy',
    'HIGH_ENERGY': 'the high energy image of a contrast series', 'SPECIMEN': 'a specimen',
    'CALIBRATION': 'a calibration image', 'FLATFIELD': 'a calibration image', 'FLAT_FIELD': 'a calibration image',
    'PHANTOM': 'a calibration image',
}  # fmt: skip
_UNFIT_WORDS = (
    (re.compile(r'\b(specimen|faxitron)', re.I), 'a specimen'),
    (
        re.compile(r'\b(calibrat|flat ?-?field|quality control|(qc|qa)\b|phantoms?\b|cdmam)', re.I),
        'a calibration image',
    ),
    (
        re.compile(r'\b(stereo(pair|tactic|tactical)?s?\b|pre-?fire|post-?fire)', re.I),
        'a stereotactic image of a biopsy',
    ),
    # Views after a biopsy, or after a wire was placed, show the whole breast.
    (re.compile(r'(?<!post)(?<!post[ -])\bbiops(y|ies)\b', re.I), 'an image of a biopsy'),
    (re.compile(r'\b(needle|wire|hook)[ -]?(wire )?locali[sz]ation', re.I), 'an image of a needle localisation'),
    (re.compile(r'\b(scouts?|locali[sz]ers?)\b', re.I), 'a localiser'),
    (re.compile(r'\b(cesm|cedm|recombined|contrast[ -]enhanced)\b', re.I), 'an image of a contrast series'),
    (re.compile(r'\bcropped\b', re.I), 'a cut-out of an image'),
    (re.compile(r'\broi\b|(?<!unsharp )\bmasks?\b', re.I), 'a mask of a region'),
)
_SPECIAL_WORDS = (
    (re.compile(r'\b(mag|mags|magview|magnif\w*)\b', re.I), 'magnification'),
    (re.compile(r'\bspot\b', re.I), 'spot compression'),
)
_UNFIT_PATIENT = re.compile(r'(qc|qa|quality ?control|phantom|cdmam|calibration)[ _^-]*\d*', re.I)
_SPECIMEN_CODES = ('127457009', 'G-8310')
_PARTIAL_MODIFIERS = ('axillary tail', 'cleavage', 'tangential')


@dataclass(frozen=True)
class DicomPurpose:
    """Why an image is no view of a whole breast to find lesions in, or None, and what is odd about it.

    Attributes:
        unfit: why it is no image of a breast to find lesions in.
        special: why it is a spot or magnification view, by its texts.
        doubts: what is odd about it.
    """

    unfit: str | None
    special: str | None
    doubts: tuple[str, ...]


def read_purpose(tags: DicomTags, view: DicomView) -> DicomPurpose:
    """What the header says that the image was taken for."""
    return DicomPurpose(_find_unfit(tags), _find_special(tags), _find_doubts(tags, view))


def read_magnification(tags: DicomTags) -> float | None:
    """How many times the breast is magnified at the detector; None where the header does not say.

    Estimated Radiographic Magnification Factor, else the distances from the source to the detector and to the table.
    """
    if (stated := tags.number('EstimatedRadiographicMagnificationFactor')) is not None:
        return stated
    to_detector, to_table = tags.number('DistanceSourceToDetector'), tags.number('DistanceSourceToPatient')
    if not to_detector or not to_table or not 0 < to_table <= to_detector:
        return None
    return round(to_detector / to_table, 3)


def _find_unfit(tags: DicomTags) -> str | None:
    for value in (text.upper() for text in tags.texts('ImageType')):
        if _STEREOTACTIC.fullmatch(value):
            return f'a stereotactic image of a biopsy (Image Type {value})'
        if value in _UNFIT_IMAGE_TYPES:
            return f'{_UNFIT_IMAGE_TYPES[value]} (Image Type {value})'
    for keyword in ('ViewCodeSequence', 'AnatomicRegionSequence'):
        if any(item.text('CodeValue') in _SPECIMEN_CODES for item in tags.items(keyword)):
            return f'a specimen ({_spaced(keyword)})'
    if tags.items('SpecimenDescriptionSequence'):
        return 'a specimen (Specimen Description Sequence)'
    if tags.text('QualityControlImage').upper() == 'YES':
        return 'a calibration image (Quality Control Image YES)'
    if any(meaning in ('biopsy', 'specimen') for meaning in _modifier_meanings(tags)):
        return 'an image of a biopsy or a specimen (view modifier)'
    return next(_find_words(tags, _IMAGE_TEXTS, _UNFIT_WORDS), None)


def _find_special(tags: DicomTags) -> str | None:
    found = next(_find_words(tags, _SPECIAL_TEXTS, _SPECIAL_WORDS), None)
    return None if found is None else f'a {found.replace(" (", " view (", 1)}'


def _modifier_meanings(tags: DicomTags) -> Iterator[str]:
    return (item.text('CodeMeaning').lower() for item in modifier_items(tags))


def _find_words(
    tags: DicomTags, keywords: Sequence[str], table: Sequence[tuple[re.Pattern[str], str]]
) -> Iterator[str]:
    """What the words of texts mean, and where they stand; free text is not quoted, since it may name somebody."""
    for keyword in keywords:
        text = re.sub(r'(?<=[a-z])(?=[A-Z])|_', ' ', tags.text(keyword))
        for words, meaning in table:
            if words.search(text):
                yield f'{meaning} (by its {_spaced(keyword)})'


def _find_doubts(tags: DicomTags, view: DicomView) -> tuple[str, ...]:
    doubts = list(view.doubts)
    if (found := next(_find_words(tags, _STUDY_TEXTS, _UNFIT_WORDS), None)) is not None:
        doubts.append(f'its study may hold {found}: taken for an ordinary view')
    if _UNFIT_PATIENT.fullmatch(tags.text('PatientID')):
        doubts.append('its Patient ID is one of quality control: taken for a breast')
    if partial := [name for name in view.modifiers if name in _PARTIAL_MODIFIERS]:
        doubts.append(f'a view of a part of the breast: {", ".join(partial)}')
    if tags.text('PartialView').upper() == 'YES':
        doubts.append('Partial View is YES: the breast lies on several images')
    if tags.text('PositionerType').upper() == 'NONE':  # plates that are read elsewhere say so too
        doubts.append('Positioner Type is NONE, as for specimens: taken for a breast')
    if tags.text('BurnedInAnnotation').upper() == 'YES':
        doubts.append('Burned In Annotation is YES: text may lie in the picture')
    return tuple(doubts)


def _spaced(keyword: str) -> str:
    return re.sub(r'(?<=[a-z])(?=[A-Z])', ' ', keyword)
