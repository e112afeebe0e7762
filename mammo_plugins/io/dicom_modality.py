"""Which SOP classes are breast images, what kind of image each is, and why the others are refused."""

from __future__ import annotations

from typing import NamedTuple

from pydicom.uid import UID

from .dicom_tags import DicomTags

MODALITY_KEYWORDS = (
    'SOPClassUID', 'Modality', 'ImageType', 'SeriesDescription', 'BodyPartExamined', 'AnatomicRegionSequence',
    'PresentationIntentType', 'ViewPosition', 'ViewCodeSequence', 'NumberOfFrames', 'ManufacturerModelName',
)  # fmt: skip

_STORAGE = '1.2.840.10008.5.1.4.1.1.'
MG_FOR_PRESENTATION = f'{_STORAGE}1.2'
MG_FOR_PROCESSING = f'{_STORAGE}1.2.1'
BREAST_TOMOSYNTHESIS = f'{_STORAGE}13.1.3'
CT_IMAGE = f'{_STORAGE}2'
SECONDARY_CAPTURE = f'{_STORAGE}7'
_BREAST_PROJECTIONS = (f'{_STORAGE}13.1.4', f'{_STORAGE}13.1.5')

_CONTRAST_TERMS = ('PRE_CONTRAST', 'POST_CONTRAST', 'ADDITION', 'SUBTRACTION', 'LOW_ENERGY', 'HIGH_ENERGY')
_BIOPSY_TERMS = ('SCOUT', 'PREFIRE', 'POSTFIRE', 'STEREO')  # as parts: TOMO_SCOUT, STEREO_PREFIRE, ...
_SLICES_OF_2D_SERIES = 'INTELLIGENT 2D'
_SYNTHETIC_SERIES = ('C-VIEW', 'S-VIEW', 'INTELLIGENT 2D', 'V-PREVIEW', 'INSIGHT 2D', 'SYNTHETIC', 'COMPUTED SM')
COMPUTED_BY, COMPUTED_SERIES = 'mammo_plugins', 'computed SM'
_SYNTHETIC_FUJI_MODEL = 'FDR-3000AWS'
_UNDECIDED_TERMS = ('TOMO_2D', 'TOMO_PROJ')
_BREAST_REGION_CODES = ('T-04000', '76752008')
_HOLOGIC_PIXEL_GROUPS = (0x7E01, 0x7F01)
HOLOGIC_PIXEL_TAGS = tuple(group << 16 | 0x0010 for group in _HOLOGIC_PIXEL_GROUPS)


class ModalityDecision(NamedTuple):
    """What kind of breast image a header tells of.

    Attributes:
        modality: ``FFDM``, ``SM``, ``DBT``, or None where it is none of them or the header does not tell.
        rule: name of the rule that decided.
        problem: why ``modality`` is None, or None.
    """

    modality: str | None
    rule: str
    problem: str | None = None


def identify_modality(tags: DicomTags) -> ModalityDecision:
    """FFDM, SM, DBT or neither; what the header does not tell is said, not guessed.

    The SOP class says that it is a breast image. Within the mammography and tomosynthesis classes the first of these
    rules that holds decides; their order matters, since a contrast image may call itself generated.

    1. ``frames``: more than one frame, and no "Intelligent 2D" series: DBT.
    2. ``contrast``, ``biopsy``: terms of these in Image Type: neither.
    3. ``generated``: ``GENERATED_2D`` anywhere in Image Type: SM.
    4. ``series``: the series is called C-View, S-View, Intelligent 2D, V-Preview, Insight 2D, synthetic or computed SM:
       SM.
    5. ``original``: Image Type ORIGINAL: FFDM.
    6. ``fuji``: DERIVED PRIMARY of the model FDR-3000AWS: SM.
    7. ``undecided``: ``TOMO_2D`` or ``TOMO_PROJ`` alone, which headers of FFDM and of SM have.
    8. ``other``: FFDM, or DBT in the tomosynthesis class.

    Raises:
        UnreadableImageError: the object is no breast image that can be read.

    Source: DICOM PS3.4 B.5 (SOP classes), PS3.3 C.8.11.7.1.4 and C.8.21.6 (Image Type).
    """
    sop_class = tags.require_text('SOPClassUID')
    if sop_class in (BREAST_TOMOSYNTHESIS, MG_FOR_PRESENTATION, MG_FOR_PROCESSING):
        return _decide(tags, 'DBT' if sop_class == BREAST_TOMOSYNTHESIS else 'FFDM')
    if sop_class == CT_IMAGE:
        if not _shows_breast(tags):
            tags.fail('a CT image that is not marked as breast (Modality MG, BodyPartExamined BREAST or a view)')
        return ModalityDecision('DBT', 'SOP class')
    if sop_class == SECONDARY_CAPTURE:
        return _identify_secondary_capture(tags)
    if sop_class in _BREAST_PROJECTIONS:
        tags.fail('raw tomosynthesis projections, not a reconstructed volume: export the Breast Tomosynthesis Image')
    modality = tags.text('Modality', 'unknown')
    tags.fail(f'not a mammogram or tomosynthesis volume: SOP class is {UID(sop_class).name}, modality {modality}')


def is_computed(tags: DicomTags) -> bool:
    """Whether this project, and no vendor's system, computed an SM from a volume: by its maker or its series.

    The maker alone is left where a series description is removed, as de-identification does.
    """
    by_name = COMPUTED_SERIES.upper() in tags.text('SeriesDescription').upper()
    return by_name or tags.text('Manufacturer') == COMPUTED_BY


def is_for_processing(tags: DicomTags) -> bool:
    """Whether the pixels are raw detector data rather than made for the eye."""
    return (
        tags.text('SOPClassUID') == MG_FOR_PROCESSING or tags.text('PresentationIntentType').upper() == 'FOR PROCESSING'
    )


def _decide(tags: DicomTags, other: str) -> ModalityDecision:
    image_type = [value.strip().upper() for value in tags.texts('ImageType')]
    series = tags.text('SeriesDescription').upper()
    if tags.integer('NumberOfFrames', 1) > 1 and _SLICES_OF_2D_SERIES not in series:
        return ModalityDecision('DBT', 'frames')
    if left_out := _find_contrast_or_biopsy(image_type):
        return left_out
    if 'GENERATED_2D' in image_type:
        return ModalityDecision('SM', 'generated')
    if any(name in series for name in _SYNTHETIC_SERIES):
        return ModalityDecision('SM', 'series')
    if 'ORIGINAL' in image_type and other == 'FFDM':
        return ModalityDecision('FFDM', 'original')
    model = tags.text('ManufacturerModelName').upper()
    if _SYNTHETIC_FUJI_MODEL in model and image_type[:2] == ['DERIVED', 'PRIMARY']:
        return ModalityDecision('SM', 'fuji')
    if terms := [term for term in _UNDECIDED_TERMS if term in image_type]:
        return ModalityDecision(None, 'undecided', f'{terms[0]} alone: FFDM or SM, not told by the header')
    return ModalityDecision(other, 'other')


def _find_contrast_or_biopsy(image_type: list[str]) -> ModalityDecision | None:
    if terms := [value for value in image_type if value in _CONTRAST_TERMS]:
        return ModalityDecision(None, 'contrast', f'a contrast image (Image Type {terms[0]}), neither FFDM nor SM')
    if terms := [value for value in image_type if any(term in value for term in _BIOPSY_TERMS)]:
        return ModalityDecision(None, 'biopsy', f'an image of a biopsy (Image Type {terms[0]}), neither FFDM nor SM')
    return None


def _identify_secondary_capture(tags: DicomTags) -> ModalityDecision:
    if any(tag in tags.dataset for tag in HOLOGIC_PIXEL_TAGS):
        tags.fail(
            'a Hologic Secondary Capture object (SCO) that keeps its pixels in private groups 7E01/7F01 in a format of '
            "the vendor's own: export the study as Breast Tomosynthesis Image or Digital Mammography X-Ray Image"
        )
    if tags.text('Modality').upper() != 'MG':
        tags.fail(f'a Secondary Capture of modality {tags.text("Modality", "unknown")}, not a mammogram')
    return ModalityDecision('FFDM', 'SOP class')  # digitised films (CBIS-DDSM) are stored this way


def _shows_breast(tags: DicomTags) -> bool:
    regions = [item.text('CodeValue') for item in tags.items('AnatomicRegionSequence')]
    return (
        tags.text('Modality').upper() == 'MG'
        or 'BREAST' in tags.text('BodyPartExamined').upper()
        or any(code in _BREAST_REGION_CODES for code in regions)
        or bool(tags.text('ViewPosition') or tags.items('ViewCodeSequence'))
    )
