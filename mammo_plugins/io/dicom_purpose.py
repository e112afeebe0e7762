"""What an image was taken for: to look for lesions in a whole breast, or for something else.

``unfit`` images (localisers, stereotactic scouts, specimens, calibration) are no images of a breast to find lesions in;
``doubts`` are worth saying of one that is. Spot and magnification views are told by their view modifiers.

Source: DICOM PS3.3 C.8.11.7.1.4 (Image Type of stereotactic, tomosynthesis and contrast images), C.8.11.7 (Positioner
Type), PS3.16 CID 4014 and 4015.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .dicom_tags import DicomTags
from .dicom_view import DicomView

PURPOSE_KEYWORDS = (
    'ImageType', 'SeriesDescription', 'BodyPartExamined', 'PositionerType', 'ViewPosition', 'ViewCodeSequence',
    'PartialView', 'BurnedInAnnotation', 'EstimatedRadiographicMagnificationFactor', 'QualityControlImage',
)  # fmt: skip
_STEREOTACTIC = re.compile(r'(STEREO|PREFIRE|POSTFIRE)(_.*)?')
_UNFIT_IMAGE_TYPES = {
    'LOCALIZER': 'a localiser', 'SCOUT': 'a scout image', 'TOMO_SCOUT': 'a scout image',
    'TOMO_PROJ': 'a tomosynthesis projection', 'SUBTRACTION': 'a subtraction of a contrast series',
    'HIGH_ENERGY': 'the high energy image of a contrast series', 'SPECIMEN': 'a specimen',
    'CALIBRATION': 'a calibration image', 'FLATFIELD': 'a calibration image', 'FLAT_FIELD': 'a calibration image',
}  # fmt: skip
_UNFIT_WORDS = (
    (re.compile(r'\b(specimen|faxitron)\b', re.I), 'a specimen'),
    (re.compile(r'\b(calibration|flat ?-?field|quality control|qc|qa|acr phantom)\b', re.I), 'a calibration image'),
    (re.compile(r'\b(stereo(tactic|tactical)?|pre-?fire|post-?fire)\b', re.I), 'a stereotactic image of a biopsy'),
    (re.compile(r'\b(scout|locali[sz]er)\b', re.I), 'a localiser'),
)
_SPECIMEN_CODES = ('127457009', 'G-8310')
_PARTIAL_MODIFIERS = ('axillary tail', 'cleavage', 'tangential')


@dataclass(frozen=True)
class DicomPurpose:
    """Why an image is no view of a breast to find lesions in, or None, and what is odd about it."""

    unfit: str | None
    doubts: tuple[str, ...]


def read_purpose(tags: DicomTags, view: DicomView) -> DicomPurpose:
    """What the header says that the image was taken for."""
    return DicomPurpose(_find_unfit(tags), _find_doubts(tags, view))


def _find_unfit(tags: DicomTags) -> str | None:
    for value in (text.upper() for text in tags.texts('ImageType')):
        if _STEREOTACTIC.fullmatch(value):
            return f'a stereotactic image of a biopsy (Image Type {value})'
        if value in _UNFIT_IMAGE_TYPES:
            return f'{_UNFIT_IMAGE_TYPES[value]} (Image Type {value})'
    if any(item.text('CodeValue') in _SPECIMEN_CODES for item in tags.items('ViewCodeSequence')):
        return 'a specimen (View Code Sequence)'
    if tags.text('QualityControlImage').upper() == 'YES':
        return 'a calibration image (Quality Control Image YES)'
    for keyword in ('ViewPosition', 'SeriesDescription', 'BodyPartExamined'):
        text = tags.text(keyword).replace('_', ' ')
        for words, meaning in _UNFIT_WORDS:
            if words.search(text):
                return f'{meaning} (by its {_spaced(keyword)})'  # free text is not quoted: it may name somebody
    return None


def _find_doubts(tags: DicomTags, view: DicomView) -> tuple[str, ...]:
    doubts = list(view.doubts)
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
