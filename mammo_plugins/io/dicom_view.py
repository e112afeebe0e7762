"""Side, projection and view modifiers of a breast image, wherever a vendor or a release wrote them.

The side is Image Laterality, then Laterality, then Frame Laterality (shared, then of each frame), then View Position
(``LCC``), then a Series Description such as ``L CC``. The projection is View Position, then View Code Sequence, then a
Patient Orientation that holds ``CC`` or ``MLO`` (CBIS-DDSM), then the Series Description. The directions in Patient
Orientation are no side.

Source: DICOM PS3.3 C.8.11.7 (Mammography Image), C.7.6.16.2.8 (Frame Anatomy), PS3.16 CID 4014 (views) and CID 4015
(view modifiers).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mammo_plugins.structures import Laterality, ViewKey, ViewPosition

from .dicom_tags import DicomTags, tag_name

VIEW_KEYWORDS = (
    'ImageLaterality', 'Laterality', 'ViewPosition', 'ViewCodeSequence', 'ViewModifierCodeSequence',
    'SharedFunctionalGroupsSequence', 'PerFrameFunctionalGroupsSequence', 'SeriesDescription', 'PatientOrientation',
)  # fmt: skip

# SNOMED CT code and its legacy SNOMED RT code
VIEW_CODES = {
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
MODIFIER_CODES = {
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
_POSITIONS = '|'.join(sorted(ViewPosition.__members__, key=len, reverse=True))
# What vendors append or prepend to View Position, as ACR's labels do: MLOID, MCC, SMLO, CCRL.
_PREFIXES = {'M': 'magnification', 'S': 'spot compression'}
_SUFFIXES = {
    'ID': 'implant displaced', 'RL': 'rolled lateral', 'RM': 'rolled medial', 'RI': 'rolled inferior',
    'RS': 'rolled superior', 'TAN': 'tangential',
}  # fmt: skip
_POSITION_TEXT = re.compile(rf'([LR]?)([MS]?)({_POSITIONS})({"|".join(_SUFFIXES)})?')
_DESCRIBED = re.compile(rf'(?<![A-Z0-9])(L|R|LT|RT|LEFT|RIGHT)(?:[ _-]+BREAST)?[ _-]*({_POSITIONS})(?![A-Z0-9])')


@dataclass(frozen=True)
class DicomView:
    """The view, or why there is none; where it was read; its modifiers; and what contradicts it."""

    view: ViewKey | None
    source: str | None
    problem: str | None
    modifiers: tuple[str, ...]
    doubts: tuple[str, ...] = ()


def read_view(tags: DicomTags) -> DicomView:
    """Reads side, projection and modifiers; a header without them is no error, but says so in ``problem``."""
    described = _described_view(tags)
    laterality, side_source, side_doubts = _read_laterality(tags, described)
    position, position_source, position_doubts = _read_position(tags, described)
    modifiers = _read_modifiers(tags, position_source)
    if laterality is None or position is None:
        problems = [text for value, text in ((laterality, side_source), (position, position_source)) if value is None]
        return DicomView(None, None, '; '.join(problems), modifiers)
    view = ViewKey(laterality, position)
    if position is ViewPosition.AT and 'axillary tail' not in modifiers:  # the modifier says so elsewhere
        position_doubts = [*position_doubts, 'a view of a part of the breast: axillary tail']
    return DicomView(view, f'{side_source}, {position_source}', None, modifiers, (*side_doubts, *position_doubts))


def _described_view(tags: DicomTags) -> ViewKey | None:
    """The one view that the Series Description names, such as ``L CC``; None where it names none or several."""
    found = {(side[0], name) for side, name in _DESCRIBED.findall(tags.text('SeriesDescription').upper())}
    if len(found) != 1:
        return None
    ((side, name),) = found
    return ViewKey(Laterality(side), ViewPosition[name])


def _read_laterality(tags: DicomTags, described: ViewKey | None) -> tuple[Laterality | None, str, list[str]]:
    """The side, the tag it comes from and what contradicts it; or None and the reason."""
    candidates = [('ImageLaterality', tags.text('ImageLaterality')), ('Laterality', tags.text('Laterality'))]
    frame_sides = sorted(set(_frame_lateralities(tags)))
    if len(frame_sides) > 1:
        return None, f'frames of different sides: {tag_name("FrameLaterality")} is {" and ".join(frame_sides)}', []
    candidates += [('FrameLaterality', side) for side in frame_sides]
    in_position = _POSITION_TEXT.fullmatch(_position_text(tags))
    candidates += [('ViewPosition', in_position[1])] if in_position and in_position[1] else []
    candidates += [('SeriesDescription', described.laterality.value)] if described else []
    known = [(keyword, text.upper()) for keyword, text in candidates if text.upper() in ('L', 'R')]
    if not known:
        unusable = [f'{tag_name(keyword)} is {text.upper()!r}' for keyword, text in candidates if text]
        reason = '; '.join(unusable) or 'no side: ImageLaterality, Laterality and FrameLaterality are absent'
        return None, reason, []
    source, side = known[0]
    if source == 'SeriesDescription':
        return Laterality(side), source, ['the side is known from the Series Description alone']
    return Laterality(side), source, [f'{source} says {side}, {other} {text}' for other, text in known if text != side]


def _frame_lateralities(tags: DicomTags) -> Iterator[str]:
    for group in ('SharedFunctionalGroupsSequence', 'PerFrameFunctionalGroupsSequence'):
        for frame in tags.items(group):
            anatomy = frame.first_item('FrameAnatomySequence')
            if anatomy is not None and (side := anatomy.text('FrameLaterality').upper()):
                yield side


def _read_position(tags: DicomTags, described: ViewKey | None) -> tuple[ViewPosition | None, str, list[str]]:
    """The projection, the tag it comes from and what contradicts it; or None and the reason."""
    codes = [item.text('CodeValue') for item in tags.items('ViewCodeSequence')]
    coded = next((VIEW_CODES[code] for code in codes if code in VIEW_CODES), None)
    said = {'ViewCodeSequence': coded, 'SeriesDescription': described.position if described else None}
    if texts := _position_texts(tags):
        # A text that means no view (FLATFIELD, SPECIMEN) wins over the codes, which vendors leave at a default.
        match = _POSITION_TEXT.fullmatch(texts[0])
        if match is None:
            return None, f'{tag_name("ViewPosition")} {texts[0]!r} is not a known view', []
        position = ViewPosition[match[3]]
        further = [text for text in texts[1:] if text != texts[0]]
        if any(other[3] != match[3] for other in map(_POSITION_TEXT.fullmatch, further) if other is not None):
            return None, f'{tag_name("ViewPosition")} names several views: {", ".join(texts)}', []
        doubts = [f'ViewPosition has further values beside {texts[0]}: {", ".join(further)}'] if further else []
        return position, 'ViewPosition', doubts + _contradictions('ViewPosition', position, said)
    if coded is not None:
        return coded, 'ViewCodeSequence', _contradictions('ViewCodeSequence', coded, said)
    if any(codes):
        return None, f'{tag_name("ViewCodeSequence")} holds no known view code: {", ".join(filter(None, codes))}', []
    # The release of CBIS-DDSM on TCIA has the view where directions belong.
    if (written := tags.text('PatientOrientation').upper()) in ('CC', 'MLO'):
        return ViewPosition[written], 'PatientOrientation', []
    if described is not None:
        return described.position, 'SeriesDescription', []
    return None, 'no projection: ViewPosition and ViewCodeSequence are absent or empty', []


def _contradictions(source: str, position: ViewPosition, said: dict[str, ViewPosition | None]) -> list[str]:
    """Which other tags name another projection."""
    others = {other: named for other, named in said.items() if named not in (None, position)}
    return [f'{source} says {position.value}, {other} {named.value}' for other, named in others.items() if named]


def _position_text(tags: DicomTags) -> str:
    return next(iter(_position_texts(tags)), '')


def _position_texts(tags: DicomTags) -> list[str]:
    """The values of View Position that are not empty, without spaces."""
    return [text for value in tags.texts('ViewPosition') if (text := re.sub(r'[ _-]', '', value.upper()))]


def modifier_items(tags: DicomTags) -> list[DicomTags]:
    """Code items of view modifiers; nested in the view item, or beside it in older files."""
    holders = [tags, *tags.items('ViewCodeSequence')]
    return [item for holder in holders for item in holder.items('ViewModifierCodeSequence')]


def _read_modifiers(tags: DicomTags, position_source: str) -> tuple[str, ...]:
    """Names of known modifiers, codes of unknown ones."""
    named = [_modifier_name(item) for item in modifier_items(tags)]
    match = _POSITION_TEXT.fullmatch(_position_text(tags)) if position_source == 'ViewPosition' else None
    if match is not None:
        named += [_PREFIXES.get(match[2], ''), _SUFFIXES.get(match[4] or '', '')]
    return tuple(dict.fromkeys(filter(None, named)))


def _modifier_name(item: DicomTags) -> str:
    """By its code; a private code by its meaning, where that is the name of a known modifier."""
    code, meaning = item.text('CodeValue'), item.text('CodeMeaning').lower()
    known = MODIFIER_CODES.get(code) or next((name for name in MODIFIER_CODES.values() if name in meaning), None)
    return known or ('magnification' if 'magnif' in meaning else 'spot compression' if 'spot' in meaning else code)
