"""Texts in reports, marks and segmentations (Clean Structured Content and Clean Graphics Options)."""

from __future__ import annotations

import re

from pydicom import Dataset

from .refusal import RefusedObjectError

_KEPT_TEXTS = {
    '111001': 'Algorithm Name',
    '111003': 'Algorithm Version',
    '121014': 'Device Observer Manufacturer',
    '121015': 'Device Observer Model Name',
}
_REPLACED_TEXTS = {'112039': 'Tracking Identifier', '121016': 'Device Observer Serial Number'}
_DIRECTIONS = {'111043': 'Patient Orientation Column', '111044': 'Patient Orientation Row'}
_DROPPED_TEXTS = {
    '111002': 'Algorithm Parameters',
    '111033': 'Impression Description',
    '121013': 'Device Observer Name',
    '121017': 'Device Observer Physical Location During Observation',
    '113012': 'Key Object Description',
}
"""Codes of DCM. The first are as public as a manufacturer, templates do without the last."""

_DROPPED_TYPES = ('DATE', 'TIME')
"""Copies of what images say, each in an item of its own, so that a date could not move with its time."""

Place = tuple[int, ...]
"""Number of an item among those of its parent, and of all above it; the root is 1."""

_SCORE = re.compile(r'\d{1,3}(\.\d+)?( lesion \d{1,3})?')
_DIRECTION = re.compile(r'[APLRHF]{1,3}')
_OWN_LAYERS = ('REQUIRED', 'OPTIONAL')


def replaced_text(item: Dataset) -> bool:
    """Whether the text of a content item is an identifier, to be replaced under the key."""
    return _concept(item) in _REPLACED_TEXTS


def clean_content(dataset: Dataset) -> None:
    """Removes content items that hold a free text and may be absent, at any depth.

    Raises:
        RefusedObjectError: a person is named, or an item holds a text that the report is made of.
    """
    moved: dict[Place, Place] = {(1,): (1,)}
    _drop_items(dataset, (1,), (1,), moved)
    _move_references(dataset, moved)


def _drop_items(parent: Dataset, place: Place, new_place: Place, moved: dict[Place, Place]) -> None:
    """Drops what may be absent below an item, and notes where the others were and are."""
    kept = []
    for number, item in enumerate(parent.get('ContentSequence') or (), start=1):
        if _is_dropped(item):
            continue
        kept.append(item)
        before, after = (*place, number), (*new_place, len(kept))
        moved[before] = after
        _drop_items(item, before, after, moved)
    if kept:
        parent.ContentSequence = kept
    elif 'ContentSequence' in parent:
        del parent.ContentSequence


def _move_references(parent: Dataset, moved: dict[Place, Place]) -> None:
    """By-reference relationships name their target by its place in the tree (PS3.3 C.17.3.2.5)."""
    for item in parent.get('ContentSequence') or ():
        if target := item.get('ReferencedContentItemIdentifier'):
            place = (target,) if isinstance(target, int) else tuple(target)
            if place not in moved:
                raise RefusedObjectError('its content refers to a text that is not kept')
            item.ReferencedContentItemIdentifier = list(moved[place])
        _move_references(item, moved)


def _is_dropped(item: Dataset) -> bool:
    kind, concept = str(item.get('ValueType', '')), _concept(item)
    if kind == 'PNAME':
        raise RefusedObjectError('a person is named in its content')
    if kind in _DROPPED_TYPES or (kind == 'TEXT' and concept in _DROPPED_TEXTS):
        return True
    if kind != 'TEXT' or concept in _KEPT_TEXTS or concept in _REPLACED_TEXTS:
        return False
    if concept in _DIRECTIONS and _DIRECTION.fullmatch(str(item.get('TextValue', ''))):
        return False
    raise RefusedObjectError('its content holds a free text that cannot be cleaned')


def _concept(item: Dataset) -> str:
    """Code of the concept name of DCM, or nothing."""
    names = item.get('ConceptNameCodeSequence')
    if not names or str(names[0].get('CodingSchemeDesignator', '')) != 'DCM':
        return ''
    return str(names[0].get('CodeValue', ''))


def clean_marks(dataset: Dataset) -> None:
    """Keeps graphics, and of their texts scores as this software writes them; layers get names of ours."""
    layers = dataset.get('GraphicLayerSequence') or []
    names = {str(layer.get('GraphicLayer', '')): f'LAYER{number}' for number, layer in enumerate(layers, start=1)}
    names.update((name, name) for name in _OWN_LAYERS)
    annotations = []
    for annotation in dataset.get('GraphicAnnotationSequence') or []:
        if texts := annotation.get('TextObjectSequence'):
            annotation.TextObjectSequence = [text for text in texts if _is_score(text)]
            if not annotation.TextObjectSequence:
                del annotation.TextObjectSequence
        if 'TextObjectSequence' in annotation or annotation.get('GraphicObjectSequence'):
            annotations.append(annotation)
    for item in (*layers, *annotations):
        item.GraphicLayer = names.get(str(item.get('GraphicLayer', '')), 'LAYER')
    if 'GraphicAnnotationSequence' in dataset:
        dataset.GraphicAnnotationSequence = annotations
        if not annotations:
            del dataset.GraphicAnnotationSequence


def clean_segments(dataset: Dataset) -> None:
    """Segments are called by their number."""
    for segment in dataset.get('SegmentSequence') or []:
        segment.SegmentLabel = f'Segment {segment.get("SegmentNumber", "")}'.strip()


def _is_score(text: Dataset) -> bool:
    return _SCORE.fullmatch(str(text.get('UnformattedTextValue', ''))) is not None
