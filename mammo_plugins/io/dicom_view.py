"""Side, projection and view modifiers of a breast image.

The side is Image Laterality, then Laterality, then Frame Laterality of the shared functional groups; Patient
Orientation gives directions, not the side. The projection is View Position, then View Code Sequence.

Source: DICOM PS3.3 C.8.11.7 (Mammography Image), C.7.6.16.2.8 (Frame Anatomy), PS3.16 CID 4014 (views) and CID 4015
(view modifiers).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mammo_plugins.structures import Laterality, ViewKey, ViewPosition

from .dicom_tags import DicomTags, tag_name

VIEW_KEYWORDS = (
    'ImageLaterality', 'Laterality', 'ViewPosition', 'ViewCodeSequence', 'SharedFunctionalGroupsSequence',
)  # fmt: skip

# SNOMED CT code and its legacy SNOMED RT code
_VIEW_CODES = {
    '399162004': ViewPosition.CC, 'R-10242': ViewPosition.CC,
    '399368009': ViewPosition.MLO, 'R-10226': ViewPosition.MLO,
    '399260004': ViewPosition.ML, 'R-10224': ViewPosition.ML,
    '399352003': ViewPosition.LM, 'R-10228': ViewPosition.LM,
    '399099002': ViewPosition.LMO, 'R-10230': ViewPosition.LMO,
    '399192008': ViewPosition.XCCL, 'R-1024A': ViewPosition.XCCL,
    '399101009': ViewPosition.XCCM, 'R-1024B': ViewPosition.XCCM,
    '399188001': ViewPosition.SIO, 'R-102D0': ViewPosition.SIO,
    '441555000': ViewPosition.ISO, 'R-40AAA': ViewPosition.ISO,
    '399196006': ViewPosition.FB, 'R-10244': ViewPosition.FB,
}  # fmt: skip
_MODIFIER_CODES = {
    '399209000': 'implant displaced', 'R-102D5': 'implant displaced',
    '399163009': 'magnification', 'R-102D6': 'magnification',
    '399055006': 'spot compression', 'R-102D7': 'spot compression',
    '399011000': 'axillary tail', 'R-102D1': 'axillary tail',
    '399161006': 'cleavage', 'R-102D2': 'cleavage',
    '399197002': 'rolled lateral', 'R-102D3': 'rolled lateral',
    '399226006': 'rolled medial', 'R-102D4': 'rolled medial',
    '414493004': 'rolled inferior', 'R-102CA': 'rolled inferior',
    '415670009': 'rolled superior', 'R-102C9': 'rolled superior',
    '399110001': 'tangential', 'R-102C2': 'tangential',
}  # fmt: skip
_IMPLANT_DISPLACED_SUFFIX = 'ID'  # some vendors write CCID and MLOID into View Position


@dataclass(frozen=True)
class DicomView:
    """The view, or why there is none; where it was read; and its modifiers."""

    view: ViewKey | None
    source: str | None
    problem: str | None
    modifiers: tuple[str, ...]


def read_view(tags: DicomTags) -> DicomView:
    """Reads side, projection and modifiers; a header without them is no error, but says so in ``problem``."""
    modifiers = _read_modifiers(tags)
    laterality, side_source = _read_laterality(tags)
    position, position_source = _read_position(tags)
    if _position_text(tags) not in ViewPosition.__members__ and 'ViewPosition' in position_source:
        implied = ('implant displaced',) if _position_text(tags).endswith(_IMPLANT_DISPLACED_SUFFIX) else ()
        modifiers += tuple(name for name in implied if name not in modifiers)
    if laterality is None or position is None:
        problems = [text for value, text in ((laterality, side_source), (position, position_source)) if value is None]
        return DicomView(None, None, '; '.join(problems), modifiers)
    return DicomView(ViewKey(laterality, position), f'{side_source}, {position_source}', None, modifiers)


def _read_laterality(tags: DicomTags) -> tuple[Laterality | None, str]:
    """The side and the tag it comes from, or None and the reason."""
    anatomy = tags.first_item('SharedFunctionalGroupsSequence', 'FrameAnatomySequence')
    candidates = [(tags, 'ImageLaterality'), (tags, 'Laterality')]
    if anatomy is not None:
        candidates.append((anatomy, 'FrameLaterality'))
    unusable = []
    for holder, keyword in candidates:
        value = holder.text(keyword).upper()
        if value in ('L', 'R'):
            return Laterality(value), keyword
        if value:
            unusable.append(f'{tag_name(keyword)} is {value!r}')
    return None, '; '.join(unusable) or 'no side: ImageLaterality, Laterality and FrameLaterality are absent'


def _read_position(tags: DicomTags) -> tuple[ViewPosition | None, str]:
    """The projection and the tag it comes from, or None and the reason."""
    if text := _position_text(tags):
        # A text that means no view (FLATFIELD, SPECIMEN) wins over the codes, which vendors leave at a default.
        match = re.fullmatch(rf'[LR]?({"|".join(ViewPosition.__members__)})({_IMPLANT_DISPLACED_SUFFIX})?', text)
        if match:
            return ViewPosition[match[1]], 'ViewPosition'
        return None, f'{tag_name("ViewPosition")} {text!r} is not a known view'
    codes = [item.text('CodeValue') for item in tags.items('ViewCodeSequence')]
    for code in codes:
        if code in _VIEW_CODES:
            return _VIEW_CODES[code], 'ViewCodeSequence'
    if any(codes):
        return None, f'{tag_name("ViewCodeSequence")} holds no known view code: {", ".join(codes)}'
    return None, 'no projection: ViewPosition and ViewCodeSequence are absent or empty'


def _position_text(tags: DicomTags) -> str:
    return tags.text('ViewPosition').upper().replace(' ', '')


def _read_modifiers(tags: DicomTags) -> tuple[str, ...]:
    """Names of known modifiers, codes of unknown ones; nested in the view item, or beside it in older files."""
    holders = [tags, *tags.items('ViewCodeSequence')]
    codes = [item.text('CodeValue') for holder in holders for item in holder.items('ViewModifierCodeSequence')]
    return tuple(dict.fromkeys(_MODIFIER_CODES.get(code, code) for code in codes if code))
