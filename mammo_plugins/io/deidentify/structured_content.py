"""Texts in reports, marks and segmentations (Clean Structured Content and Clean Graphics Options)."""

from __future__ import annotations

import re

from pydicom import Dataset

from .refusal import RefusedObjectError

_KEPT_TEXTS = {
    '111001': 'Algorithm Name',
    '111003': 'Algorithm Version',
    '111044': 'Patient Orientation Row',
    '111045': 'Patient Orientation Column',
    '121014': 'Device Observer Manufacturer',
    '121015': 'Device Observer Model Name',
}
_REPLACED_TEXTS = {'112039': 'Tracking Identifier', '121016': 'Device Observer Serial Number'}
_DROPPED_TEXTS = {
    '111033': 'Impression Description',
    '121013': 'Device Observer Name',
    '121017': 'Device Observer Physical Location During Observation',
    '113012': 'Key Object Description',
}
"""Codes of DCM. The first are as public as a manufacturer, templates do without the last."""

_SCORE = re.compile(r'\d{1,3}(\.\d+)?( lesion \d{1,3})?')
_OWN_LAYERS = ('REQUIRED', 'OPTIONAL')


def replaced_text(item: Dataset) -> bool:
    """Whether the text of a content item is an identifier, to be replaced under the key."""
    return _concept(item) in _REPLACED_TEXTS


def clean_content(dataset: Dataset) -> None:
    """Removes content items that hold a free text and may be absent, at any depth.

    Raises:
        RefusedObjectError: a person is named, or an item holds a text that the report is made of.
    """
    if 'ContentSequence' not in dataset:
        return
    kept = [item for item in dataset.ContentSequence if not _is_dropped(item)]
    for item in kept:
        clean_content(item)
    dataset.ContentSequence = kept
    if not kept:
        del dataset.ContentSequence


def _is_dropped(item: Dataset) -> bool:
    kind, concept = str(item.get('ValueType', '')), _concept(item)
    if kind == 'PNAME':
        raise RefusedObjectError('a person is named in its content')
    if kind != 'TEXT' or concept in _KEPT_TEXTS or concept in _REPLACED_TEXTS:
        return False
    if concept in _DROPPED_TEXTS:
        return True
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
