"""The intensity rules that a DICOM header states for one of its frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .dicom_look_up_table import read_look_up_table
from .dicom_modality import is_for_processing
from .dicom_tags import DicomTags, tag_name
from .stored_values import StoredBits
from .voi import IntensityRules, Window

INTENSITY_KEYWORDS = (
    'PhotometricInterpretation', 'BitsAllocated', 'BitsStored', 'PixelRepresentation', 'RescaleSlope',
    'RescaleIntercept', 'ModalityLUTSequence', 'VOILUTSequence', 'WindowCenter', 'WindowWidth', 'VOILUTFunction',
    'PixelPaddingValue', 'PixelPaddingRangeLimit', 'SharedFunctionalGroupsSequence',
    'PerFrameFunctionalGroupsSequence', 'HighBit', 'PixelIntensityRelationshipSign', 'PresentationIntentType',
)  # fmt: skip

OVERLAY_BIT_POSITIONS = tuple((group, 0x0102) for group in range(0x6000, 0x6020, 2))
"""Overlay Bit Position of the sixteen overlay groups; 0 where the plane lies in an element of its own."""

_LARGEST = 1e12
"""Beyond any detector; with more, products of values leave the range of 32-bit floats and become infinite or NaN."""

_LARGEST_PADDING_SHARE = 0.25
"""Of all values; padding and air take a few."""

_WINDOW_FUNCTIONS = ('LINEAR', 'LINEAR_EXACT', 'SIGMOID')


def read_intensity_rules(tags: DicomTags, frame_index: int, bits_stored: int, for_processing: bool) -> IntensityRules:
    """Rules of one frame: its own functional groups, then the shared ones, then the top level of the data set.

    Of several windows or tables the first is taken, which is the vendor's default. A window whose width is not positive
    counts as absent, and so does one that no value can reach. Presentation LUT Shape is not read: INVERSE and
    MONOCHROME1 state the same inversion, and applying both would cancel it.

    Args:
        tags: of the data set.
        frame_index: 0-based.
        bits_stored: bits that values have: Bits Stored, or fewer where the compressed image itself has fewer.
        for_processing: whether the range of the image's own values is shown.

    Raises:
        UnreadableImageError: a tag that is needed is missing or broken.
    """
    is_signed = tags.integer('PixelRepresentation', 0) == 1
    rescale = _group_holding(tags, frame_index, 'PixelValueTransformationSequence', 'RescaleSlope')
    slope = _plausible(rescale, 'RescaleSlope', 1.0)
    if slope == 0:
        tags.fail('RescaleSlope (0028,1053) is 0: all values would be equal')
    voi = _group_holding(tags, frame_index, 'FrameVOILUTSequence', 'WindowCenter', 'VOILUTSequence')
    is_inverted, polarity_doubt = read_polarity(tags)
    rules = IntensityRules(
        bits_stored=bits_stored,
        is_signed=is_signed,
        slope=slope,
        intercept=_plausible(rescale, 'RescaleIntercept', 0.0),
        is_inverted=is_inverted,
        padding=_read_padding(tags, bits_stored, is_signed),
        for_processing=for_processing,
    )
    modality_table, modality_doubt = read_look_up_table(tags, 'ModalityLUTSequence', *rules.value_range)
    rules = replace(rules, modality_table=modality_table)
    voi_table, table_doubt = read_look_up_table(voi, 'VOILUTSequence', *rules.value_range)
    window, window_doubt = _reachable(_read_window(voi), rules.value_range)
    padding_doubt = _doubt_padding(rules)
    doubts = tuple(
        filter(
            None, (padding_doubt, polarity_doubt, modality_doubt, table_doubt, window_doubt if not voi_table else None)
        )
    )
    return replace(rules, voi_table=voi_table, window=window, doubts=doubts)


def read_polarity(tags: DicomTags) -> tuple[bool, str | None]:
    """Whether low values are dense tissue, and what is odd about it.

    MONOCHROME1 says how an image is to be shown. Of a raw image, which nobody is shown, Pixel Intensity Relationship
    Sign says what the values are: with 1 low values are little X-ray, so that the air is bright.

    Source: DICOM PS3.3 C.8.11.3.1.2 (Pixel Intensity Relationship Sign), C.7.6.3.1.2 (photometric interpretation).
    """
    interpretation = tags.text('PhotometricInterpretation').upper()
    shown_inverted, sign = interpretation == 'MONOCHROME1', tags.number('PixelIntensityRelationshipSign')
    if not is_for_processing(tags) or sign not in (-1, 1) or (sign == 1) == shown_inverted:
        return shown_inverted, None
    done = 'inverted' if sign == 1 else 'not inverted'
    reason = f'Pixel Intensity Relationship Sign (0028,1041) is {sign:g} although the header says {interpretation}'
    return sign == 1, f'raw image {done}: {reason}'


def read_stored_bits(tags: DicomTags, codestream_bits: int | None) -> StoredBits:
    """Where the values lie in the words.

    Args:
        tags: of the data set.
        codestream_bits: of a sample of the compressed image, or None: decoders give values without the bits below them.

    Raises:
        UnreadableImageError: Bits Allocated, Bits Stored and High Bit contradict each other.
    """
    allocated, stored = tags.integer('BitsAllocated'), tags.integer('BitsStored')
    high = tags.integer('HighBit', stored - 1)
    if not stored - 1 <= high < allocated:
        tags.fail(
            f'High Bit (0028,0102) is {high}: with {stored} bits stored in {allocated} allocated it lies between '
            f'{stored - 1} and {allocated - 1}'
        )
    if codestream_bits is not None and codestream_bits <= high:
        high = stored - 1
    is_signed = tags.integer('PixelRepresentation', 0) == 1
    positions = [tags.dataset.get(tag) for tag in OVERLAY_BIT_POSITIONS]
    graphics = any(element is not None and (element.value or 0) > 0 for element in positions)
    return StoredBits(allocated, stored, high, is_signed, graphics, _read_padding(tags, stored, is_signed))


def _reachable(window: Window | None, value_range: tuple[float, float]) -> tuple[Window | None, str | None]:
    """A window that some possible value lies in; others show every image white or black."""
    low, high = value_range
    if window is None or (window.center - window.width / 2 < high and window.center + window.width / 2 > low):
        return window, None
    return None, (
        f'the window (centre {window.center:g}, width {window.width:g}) lies outside all values, '
        f'{low:g} to {high:g}: all values are shown instead'
    )


def has_rules_per_frame(tags: DicomTags) -> bool:
    """Whether frames may differ in their rules: any of them, not the first alone, may have its own."""
    groups = ('PixelValueTransformationSequence', 'FrameVOILUTSequence')
    return any(frame.items(name) for frame in tags.items('PerFrameFunctionalGroupsSequence') for name in groups)


def _group_holding(tags: DicomTags, frame_index: int, group: str, *keywords: str) -> DicomTags:
    """The most specific functional group of the frame that fills one of the elements, or the data set itself."""
    frames = tags.items('PerFrameFunctionalGroupsSequence')
    holders = [frames[frame_index]] if frame_index < len(frames) else []
    holders += tags.items('SharedFunctionalGroupsSequence')[:1]
    for holder in holders:
        for item in holder.items(group)[:1]:
            if any(item.has_value(keyword) for keyword in keywords):
                return item
    return tags


def _read_window(tags: DicomTags) -> Window | None:
    center, width = _plausible(tags, 'WindowCenter'), _plausible(tags, 'WindowWidth')
    if center is None or width is None or width <= 0:
        return None
    function = tags.text('VOILUTFunction', 'LINEAR').upper()
    if function not in _WINDOW_FUNCTIONS:
        tags.fail(f'VOILUTFunction (0028,1056) {function!r} is none of {", ".join(_WINDOW_FUNCTIONS)}')
    return Window(center, width, function)


def _plausible(tags: DicomTags, keyword: str, default: float | None = None) -> float | None:
    value = tags.number(keyword, default)
    if value and not 1 / _LARGEST <= abs(value) <= _LARGEST:
        tags.fail(f'{tag_name(keyword)} is {value:g}: beyond any detector')
    return value


def _read_padding(tags: DicomTags, bits_stored: int, is_signed: bool) -> tuple[int, int] | None:
    """Range of padding values, in the way the stored values are signed.

    Source: DICOM PS3.3 C.7.5.1.1.2.
    """
    if tags.number('PixelPaddingValue') is None:
        return None
    ends = [tags.integer('PixelPaddingValue')]
    if tags.number('PixelPaddingRangeLimit') is not None:
        ends.append(tags.integer('PixelPaddingRangeLimit'))
    ends = [_as_stored(end, tags.integer('BitsAllocated'), is_signed) for end in ends]
    return min(ends), max(ends)


def _doubt_padding(rules: IntensityRules) -> str | None:
    if rules.padding is None:
        return None
    count = rules.padding[1] - rules.padding[0] + 1
    if count <= _LARGEST_PADDING_SHARE * 2**rules.bits_stored:
        return None
    stated = 'the padding range (0028,0120) to (0028,0121)'
    return f'{stated} takes {count} of {2**rules.bits_stored} values: whatever lies in it is black'


def _as_stored(value: int, bits_allocated: int, is_signed: bool) -> int:
    """Undoes a wrong sign: 65535 for -1 in signed data, -1 for 65535 in unsigned data."""
    value %= 2**bits_allocated
    return value - 2**bits_allocated if is_signed and value >= 2 ** (bits_allocated - 1) else value


def find_mixed_rules(rules: Sequence[IntensityRules], what: str) -> tuple[str | None, str | None]:
    """Why frames or slices cannot be shown alike, and what is odd about them.

    Each is shown by its own window, as the standard has it. Where none has a window and the ranges of possible values
    differ, nothing says how bright one is beside the other.

    Args:
        rules: of each.
        what: they are, in the plural.
    """
    shown = {(rule.window, rule.voi_table is None) for rule in rules}
    ranges = {rule.value_range for rule in rules}
    if any(rule.window is None and rule.voi_table is None for rule in rules) and len(ranges) > 1:
        return f'{what} of {len(ranges)} ranges of values (Bits Stored or rescale) and no window are mixed', None
    if len(shown) > 1:
        return None, f'{what} have {len(shown)} different windows or tables: each is shown by its own'
    return None, None
