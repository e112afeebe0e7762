"""The header of a breast image in a DICOM file, read without its pixels."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from pydicom import dcmread
from pydicom.config import disable_value_validation
from pydicom.errors import InvalidDicomError
from pydicom.pixels import get_decoder
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, JPEGExtended12Bit

from .deflated_file import inflate_dicom
from .dicom_frames import doubt_frame_distances, find_frame_order_problem
from .dicom_intensity import (
    INTENSITY_KEYWORDS,
    OVERLAY_BIT_POSITIONS,
    find_mixed_rules,
    has_rules_per_frame,
    read_intensity_rules,
    read_polarity,
    read_stored_bits,
)
from .dicom_modality import (
    HOLOGIC_PIXEL_TAGS,
    MG_FOR_PRESENTATION,
    MG_FOR_PROCESSING,
    MODALITY_KEYWORDS,
    identify_modality,
    is_computed,
    is_for_processing,
)
from .dicom_orientation import read_patient_orientation
from .dicom_pixel_data import AnnouncedPixels, find_pixel_problem, read_codestream_bits
from .dicom_purpose import PURPOSE_KEYWORDS, read_magnification, read_purpose
from .dicom_spacing import SPACING_KEYWORDS, read_slice_spacing, read_slice_thickness, read_spacing
from .dicom_tags import DicomTags
from .dicom_time import TIME_KEYWORDS, read_acquisition_time
from .dicom_view import VIEW_KEYWORDS, read_view
from .mammogram_header import MammogramHeader, find_small_size
from .unreadable_image import UnreadableImageError

MAX_PIXELS_A_FRAME = 2**26  # 67 million; the largest digitised films have 40 million
MAX_SLICES = 1000  # the thickest compressed breasts give some 120

# Only these elements are parsed: nothing that names a patient is ever in memory, in an error or in a warning.
_KEYWORDS = {
    'SOPInstanceUID', 'StudyInstanceUID', 'SeriesInstanceUID', 'StudyID', 'PatientID', 'PatientOrientation',
    'Manufacturer', 'BreastImplantPresent', 'InstanceNumber', 'ImagePositionPatient', 'ImageOrientationPatient',
    'SamplesPerPixel', 'NumberOfFrames', 'Rows', 'Columns', 'AcquisitionNumber', *TIME_KEYWORDS,
    *MODALITY_KEYWORDS, *PURPOSE_KEYWORDS, *VIEW_KEYWORDS, *SPACING_KEYWORDS, *INTENSITY_KEYWORDS,
}  # fmt: skip
_NO_MARKER = (
    'not a DICOM file (no DICM marker after the first 128 bytes); a bare data set of an older archive is to be written '
    'as a DICOM file first, such as with dcmconv of dcmtk'
)
_DECODERS = 'pip install python-gdcm pylibjpeg pylibjpeg-openjpeg pyjpegls'


def read_dicom_header(path: Path) -> tuple[MammogramHeader, DicomTags]:
    """The header of a breast image, and the elements it was read from.

    Pixels that are missing, truncated or not decodable here do not stop it: ``header.pixel_problem`` says so.

    Raises:
        UnreadableImageError: no DICOM file, no breast image, or a tag that is needed is missing or broken.
    """
    try:
        with path.open('rb') as file, disable_value_validation():  # its warnings would quote values
            inflated = inflate_dicom(path)
            content = inflated or file
            dataset = dcmread(
                content,
                stop_before_pixels=True,
                specific_tags=[*_KEYWORDS, *HOLOGIC_PIXEL_TAGS, *OVERLAY_BIT_POSITIONS],
            )
            tags = DicomTags(path, dataset)
            return _build_header(tags, content, is_deflated=inflated is not None), tags
    except UnreadableImageError:
        raise
    except InvalidDicomError as error:
        raise UnreadableImageError(path, _NO_MARKER) from error
    except OSError as error:
        reason = f'cannot be opened: {error.strerror}' if error.strerror else 'truncated or broken DICOM header'
        raise UnreadableImageError(path, reason) from error
    except Exception as error:  # pydicom lets through whatever a broken file causes
        raise UnreadableImageError(path, f'truncated or broken DICOM header ({type(error).__name__})') from error


def _build_header(tags: DicomTags, file: BinaryIO, is_deflated: bool) -> MammogramHeader:
    modality = identify_modality(tags)
    rows, columns, num_slices = _read_size(tags)
    syntax = DicomTags(tags.path, tags.dataset.file_meta).require_text('TransferSyntaxUID')
    syntax = DeflatedExplicitVRLittleEndian if is_deflated else syntax
    announced = AnnouncedPixels(UID(syntax), rows, columns, num_slices, tags.integer('BitsAllocated') // 8)
    codestream_bits = read_codestream_bits(file, UID(syntax))
    bits_stored, bits_doubt = _read_bits_stored(tags, codestream_bits)
    grey_problem, grey_doubts = _judge_grey_values(tags, bits_stored, num_slices)
    view = read_view(tags)
    spacing_mm, spacing_source = read_spacing(tags)
    purpose = read_purpose(tags, view)
    return MammogramHeader(
        path=tags.path,
        modality=modality.modality,
        modality_problem=modality.problem,
        rows=rows,
        columns=columns,
        num_slices=num_slices,
        bits_stored=bits_stored,
        codestream_bits=codestream_bits,
        is_inverted=read_polarity(tags)[0],
        is_computed=modality.modality == 'SM' and is_computed(tags),
        photometric_interpretation=_read_photometric_interpretation(tags),
        view=view.view,
        view_source=view.source,
        view_problem=view.problem,
        view_modifiers=view.modifiers,
        spacing_mm=spacing_mm,
        spacing_source=spacing_source,
        slice_thickness_mm=read_slice_thickness(tags),
        slice_spacing_mm=read_slice_spacing(tags),
        patient_orientation=read_patient_orientation(tags),
        has_implant={'YES': True, 'NO': False}.get(tags.text('BreastImplantPresent').upper()),
        for_processing=is_for_processing(tags),
        manufacturer=tags.text('Manufacturer'),
        transfer_syntax_uid=syntax,
        sop_class_uid=tags.text('SOPClassUID'),
        sop_instance_uid=tags.text('SOPInstanceUID'),
        series_uid=tags.text('SeriesInstanceUID'),
        study_uid=tags.text('StudyInstanceUID'),
        study_id=tags.text('StudyID'),
        patient_id=tags.text('PatientID'),
        acquisition_number=_read_acquisition_number(tags),
        acquisition_time_s=read_acquisition_time(tags),
        magnification=read_magnification(tags),
        special_text=purpose.special,
        unfit=find_small_size(rows, columns) or _find_frames_of_a_plane(modality.modality, num_slices) or purpose.unfit,
        doubts=(
            *purpose.doubts,
            *filter(None, (_doubt_frames(tags, num_slices), doubt_frame_distances(tags), bits_doubt)),
            *grey_doubts,
        ),
        pixel_problem=_find_problem(file, announced) or find_frame_order_problem(tags) or grey_problem,
    )


def _read_size(tags: DicomTags) -> tuple[int, int, int]:
    """Rows, columns and frames, each plausible, so that nothing absurd is ever allocated."""
    rows, columns, num_slices = tags.integer('Rows'), tags.integer('Columns'), tags.integer('NumberOfFrames', 1)
    if min(rows, columns, num_slices) < 1 or rows * columns > MAX_PIXELS_A_FRAME or num_slices > MAX_SLICES:
        tags.fail(
            f'implausible size: {rows} rows, {columns} columns, {num_slices} frames (at most {MAX_PIXELS_A_FRAME} '
            f'pixels a frame and {MAX_SLICES} frames)'
        )
    return rows, columns, num_slices


def _doubt_frames(tags: DicomTags, num_slices: int) -> str | None:
    """Several frames make a volume whatever the class says; that is said, since it may be a cine loop."""
    if num_slices == 1 or tags.text('SOPClassUID') not in (MG_FOR_PRESENTATION, MG_FOR_PROCESSING):
        return None
    return f'an object of the mammography class with {num_slices} frames: read as a volume'


def _find_frames_of_a_plane(modality: str | None, num_slices: int) -> str | None:
    if modality in ('DBT', None) or num_slices == 1:
        return None
    return f'an {modality} object of {num_slices} frames, where one picture is expected: export each image alone'


def _read_acquisition_number(tags: DicomTags) -> int | None:
    return None if tags.number('AcquisitionNumber') is None else tags.integer('AcquisitionNumber')


def _read_bits_stored(tags: DicomTags, codestream_bits: int | None) -> tuple[int, str | None]:
    """Bits that values have, and what is odd about them.

    A compressed image of fewer bits than Bits Stored has no larger values. One of more bits is usual: encoders write
    words as they come; values that really need them are refused where they are decoded.
    """
    allocated, stored = tags.integer('BitsAllocated'), tags.integer('BitsStored')
    if allocated not in (8, 16) or not 1 <= stored <= allocated:
        tags.fail(f'{stored} bits stored in {allocated} allocated: expected 8 or 16 allocated and no more stored')
    if codestream_bits is None or codestream_bits >= stored:
        return stored, None
    reason = f'Bits Stored (0028,0101) is {stored}, the compressed image has {codestream_bits} bits'
    return codestream_bits, f'{reason}: taken as {codestream_bits}'


def _judge_grey_values(tags: DicomTags, bits_stored: int, num_slices: int) -> tuple[str | None, tuple[str, ...]]:
    """Why the frames cannot be shown alike, and what is odd about how they are to be shown."""
    read_stored_bits(tags, None)
    count = num_slices if has_rules_per_frame(tags) else 1
    rules = [read_intensity_rules(tags, frame, bits_stored, is_for_processing(tags)) for frame in range(count)]
    problem, doubt = find_mixed_rules(rules, 'frames')
    doubts = dict.fromkeys(told for rule in rules for told in rule.doubts)
    return problem, (*doubts, *filter(None, (doubt,)))


def _read_photometric_interpretation(tags: DicomTags) -> str:
    samples = tags.integer('SamplesPerPixel', 1)
    interpretation = tags.require_text('PhotometricInterpretation').upper()
    if samples != 1 or interpretation not in ('MONOCHROME1', 'MONOCHROME2'):
        tags.fail(f'not a grayscale image: {samples} samples a pixel, photometric interpretation {interpretation}')
    return interpretation


def _find_problem(file: BinaryIO, announced: AnnouncedPixels) -> str | None:
    syntax = announced.syntax
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError:
        return f'transfer syntax {syntax.name} ({syntax}) holds no image that can be decoded'
    if not decoder.is_available:
        return f'no decoder for transfer syntax {syntax.name} is installed: {_DECODERS}'
    if syntax == JPEGExtended12Bit and announced.bytes_a_pixel > 1:
        return 'JPEG Extended of more than 8 bits, for which there is no decoder: decompress it, such as with dcmdjpeg'
    return find_pixel_problem(file, announced)
