"""Which SOP classes are breast images, and why the others are refused."""

from __future__ import annotations

from pydicom.uid import UID

from .dicom_tags import DicomTags

MODALITY_KEYWORDS = (
    'SOPClassUID', 'Modality', 'ImageType', 'SeriesDescription', 'BodyPartExamined', 'AnatomicRegionSequence',
    'PresentationIntentType', 'ViewPosition', 'ViewCodeSequence',
)  # fmt: skip

_STORAGE = '1.2.840.10008.5.1.4.1.1.'
MG_FOR_PRESENTATION = f'{_STORAGE}1.2'
MG_FOR_PROCESSING = f'{_STORAGE}1.2.1'
BREAST_TOMOSYNTHESIS = f'{_STORAGE}13.1.3'
CT_IMAGE = f'{_STORAGE}2'
SECONDARY_CAPTURE = f'{_STORAGE}7'
_BREAST_PROJECTIONS = (f'{_STORAGE}13.1.4', f'{_STORAGE}13.1.5')

_SYNTHETIC_IMAGE_TYPES = ('GENERATED_2D', 'TOMO_2D')
_SYNTHETIC_SERIES = ('C-VIEW', 'S-VIEW', 'V-PREVIEW', 'INTELLIGENT 2D', 'SYNTHETIC')
_BREAST_REGION_CODES = ('T-04000', '76752008')
_HOLOGIC_PIXEL_GROUPS = (0x7E01, 0x7F01)
HOLOGIC_PIXEL_TAGS = tuple(group << 16 | 0x0010 for group in _HOLOGIC_PIXEL_GROUPS)


def identify_modality(tags: DicomTags) -> str:
    """``FFDM``, ``SM`` or ``DBT``.

    A synthetic mammogram shares its SOP class with FFDM or with DBT; Image Type (``GENERATED_2D``, ``TOMO_2D``) or the
    vendor's series description (C-View, S-View, V-Preview, Intelligent 2D) gives it away.

    Raises:
        UnreadableImageError: the object is no breast image that can be read.

    Source: DICOM PS3.4 B.5 (SOP classes), PS3.3 C.8.21.1.1 (Image Type of generated 2D images).
    """
    sop_class = tags.require_text('SOPClassUID')
    if sop_class == BREAST_TOMOSYNTHESIS:
        return 'SM' if _is_synthetic(tags) else 'DBT'
    if sop_class in (MG_FOR_PRESENTATION, MG_FOR_PROCESSING):
        return 'SM' if _is_synthetic(tags) else 'FFDM'
    if sop_class == CT_IMAGE:
        if not _shows_breast(tags):
            tags.fail('a CT image that is not marked as breast (Modality MG, BodyPartExamined BREAST or a view)')
        return 'DBT'
    if sop_class == SECONDARY_CAPTURE:
        return _identify_secondary_capture(tags)
    if sop_class in _BREAST_PROJECTIONS:
        tags.fail('raw tomosynthesis projections, not a reconstructed volume: export the Breast Tomosynthesis Image')
    modality = tags.text('Modality', 'unknown')
    tags.fail(f'not a mammogram or tomosynthesis volume: SOP class is {UID(sop_class).name}, modality {modality}')


def is_for_processing(tags: DicomTags) -> bool:
    """Whether the pixels are raw detector data rather than made for the eye."""
    return (
        tags.text('SOPClassUID') == MG_FOR_PROCESSING or tags.text('PresentationIntentType').upper() == 'FOR PROCESSING'
    )


def _identify_secondary_capture(tags: DicomTags) -> str:
    if any(tag in tags.dataset for tag in HOLOGIC_PIXEL_TAGS):
        tags.fail(
            'a Hologic Secondary Capture object (SCO) that keeps its pixels in private groups 7E01/7F01 in a format of '
            "the vendor's own: export the study as Breast Tomosynthesis Image or Digital Mammography X-Ray Image"
        )
    if tags.text('Modality').upper() != 'MG':
        tags.fail(f'a Secondary Capture of modality {tags.text("Modality", "unknown")}, not a mammogram')
    return 'FFDM'  # digitised films (CBIS-DDSM) are stored this way


def _is_synthetic(tags: DicomTags) -> bool:
    image_type = {value.upper() for value in tags.texts('ImageType')}
    series = tags.text('SeriesDescription').upper()
    return bool(image_type.intersection(_SYNTHETIC_IMAGE_TYPES)) or any(name in series for name in _SYNTHETIC_SERIES)


def _shows_breast(tags: DicomTags) -> bool:
    regions = [item.text('CodeValue') for item in tags.items('AnatomicRegionSequence')]
    return (
        tags.text('Modality').upper() == 'MG'
        or 'BREAST' in tags.text('BodyPartExamined').upper()
        or any(code in _BREAST_REGION_CODES for code in regions)
        or bool(tags.text('ViewPosition') or tags.items('ViewCodeSequence'))
    )
