"""Headers of the images that results refer to, without anything that results have no use for.

Patient and study modules go into results as they are, since an archive files them by these; no other file that this
project writes holds them. Of the rest of a header, what places marks on pixels is kept: nothing private, no free text,
no person but the patient and the referring physician.

Source: DICOM PS3.3 C.7.1.1 (Patient), C.7.2.1 (General Study), C.7.2.2 (Patient Study).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydicom import Dataset, dcmread
from pydicom.config import disable_value_validation
from pydicom.datadict import keyword_for_tag
from pydicom.sequence import Sequence

from ..deflated_file import inflate_dicom
from ..unreadable_image import UnreadableImageError

COPIED_KEYWORDS = (
    'PatientName', 'PatientID', 'IssuerOfPatientID', 'TypeOfPatientID', 'PatientBirthDate', 'PatientBirthTime',
    'PatientSex', 'PatientAge', 'QualityControlSubject', 'PatientIdentityRemoved', 'DeidentificationMethod',
    'DeidentificationMethodCodeSequence', 'LongitudinalTemporalInformationModified', 'StudyInstanceUID', 'StudyDate',
    'StudyTime', 'StudyID', 'AccessionNumber', 'IssuerOfAccessionNumberSequence', 'ReferringPhysicianName',
    'StudyDescription', 'ProcedureCodeSequence', 'TimezoneOffsetFromUTC',
)  # fmt: skip
"""What results take over from the image unchanged; of sequences the elements in :data:`_OF_ITEMS`."""

_OF_ITEMS = (
    'CodeValue', 'LongCodeValue', 'URNCodeValue', 'CodingSchemeDesignator', 'CodingSchemeVersion', 'CodeMeaning',
    'LocalNamespaceEntityID', 'UniversalEntityID', 'UniversalEntityIDType',
)  # fmt: skip
_IDENTITY = ('SOPClassUID', 'SOPInstanceUID', 'SeriesInstanceUID', 'StudyInstanceUID', 'Modality')
_TIMES = ('AcquisitionDate', 'AcquisitionTime', 'AcquisitionDateTime', 'ContentDate', 'ContentTime')
_PIXELS = (
    'Rows', 'Columns', 'NumberOfFrames', 'SamplesPerPixel', 'PhotometricInterpretation', 'BitsAllocated', 'BitsStored',
    'HighBit', 'PixelRepresentation', 'LossyImageCompressionRatio',
)  # fmt: skip
_PLACE = (
    'ImageLaterality', 'Laterality', 'PatientOrientation', 'FrameOfReferenceUID', 'PositionerPrimaryAngle',
    'PositionerSecondaryAngle',
)  # fmt: skip
_GREY_AND_GEOMETRY = (
    'PixelSpacing', 'ImagerPixelSpacing', 'SliceThickness', 'SpacingBetweenSlices', 'ImagePositionPatient',
    'ImageOrientationPatient', 'WindowCenter', 'WindowWidth', 'VOILUTSequence', 'LUTDescriptor', 'LUTData',
    'RescaleIntercept', 'RescaleSlope',
)  # fmt: skip
_GROUPS = (
    'SharedFunctionalGroupsSequence', 'PerFrameFunctionalGroupsSequence', 'PixelMeasuresSequence',
    'PlanePositionSequence', 'PlaneOrientationSequence', 'FrameVOILUTSequence', 'PixelValueTransformationSequence',
)  # fmt: skip
_TERMS = {
    'VOILUTFunction': ('LINEAR', 'LINEAR_EXACT', 'SIGMOID'),
    'RescaleType': ('US', 'OD', 'HU', 'MGML', 'Z_EFF', 'ED', 'EDW', 'HU_MOD', 'PCT'),
    'LossyImageCompression': ('00', '01'),
    'LossyImageCompressionMethod': ('ISO_10918_1', 'ISO_14495_1', 'ISO_15444_1', 'ISO_15444_15'),
}
"""Texts that are kept where they are one of these, and left out where somebody wrote something else there."""

_KEPT = frozenset((*_IDENTITY, *_TIMES, *_PIXELS, *_PLACE, *_GREY_AND_GEOMETRY, *_GROUPS, *_TERMS))


def read_source_header(path: str | Path) -> Dataset:
    """The header of a DICOM image, pruned.

    Raises:
        UnreadableImageError: it cannot be read, or names no study, series, class or instance.
    """
    path = Path(path)
    try:
        with disable_value_validation():  # its warnings would quote values
            content = inflate_dicom(path) or path
            stored = dcmread(content, stop_before_pixels=True, specific_tags=[*COPIED_KEYWORDS, *sorted(_KEPT)])
            header = _pruned(stored, _KEPT)
            for keyword in COPIED_KEYWORDS:
                _copy(stored, header, keyword)
    except Exception as error:  # pydicom lets through whatever a broken file causes, with values in the message
        raise UnreadableImageError(path, f'its header cannot be copied ({type(error).__name__})') from None
    for keyword in _IDENTITY[:4]:
        if not header.get(keyword):
            raise UnreadableImageError(path, f'no result can refer to it: {keyword} is absent or empty')
    return header


def copy_patient_and_study(header: Dataset, target: Dataset) -> None:
    """Sets patient and study modules of a data set as they stand in a pruned header; empty where the standard asks."""
    with disable_value_validation():
        for keyword in ('PatientName', 'PatientID', 'PatientBirthDate', 'PatientSex', 'StudyDate', 'StudyTime'):
            setattr(target, keyword, '')
        target.StudyID = target.AccessionNumber = target.ReferringPhysicianName = ''
        for keyword in COPIED_KEYWORDS:
            if keyword in header:
                setattr(target, keyword, header[keyword].value)


def _copy(stored: Dataset, header: Dataset, keyword: str) -> None:
    if keyword not in stored:
        return
    element = stored[keyword]
    if element.VR == 'SQ':
        setattr(header, keyword, Sequence([_pruned(item, _OF_ITEMS) for item in element.value]))
    elif element.VR == 'PN':  # decoded by the image's character set; results are written in UTF-8
        setattr(header, keyword, str(element.value or ''))
    else:
        setattr(header, keyword, element.value)


def _pruned(dataset: Dataset, keywords: Iterable[str]) -> Dataset:
    kept = Dataset()
    for element in dataset:
        keyword, value = keyword_for_tag(element.tag), element.value
        if keyword in keywords and (keyword not in _TERMS or value in _TERMS[keyword]):
            if element.VR == 'SQ':
                value = Sequence([_pruned(item, keywords) for item in value])
            kept.add_new(element.tag, element.VR, value)
    return kept
