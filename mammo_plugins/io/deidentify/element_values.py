"""Whether an element holds what its type allows: one that does not could hold anything, a patient's name included.

Source: DICOM PS3.5 6.2 (value representations).
"""

from __future__ import annotations

import re

from pydicom import DataElement
from pydicom.datadict import dictionary_VR
from pydicom.multival import MultiValue

_TEXTS = frozenset('AE CS LO LT SH ST UC UT'.split())
_NUMBERS = frozenset('DS FD FL IS SL SS UL US'.split())
_NUMBER = r'[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?'
_FORMS = {
    'AE': r'[^\x00-\x1f]{0,16}',
    'CS': r'[^\x00-\x1f]{0,16}',
    'SH': r'[^\x00-\x1f]{0,16}',
    'LO': r'[^\x00-\x1f]{0,64}',
    'DS': rf'\s*({_NUMBER})?\s*',
    'IS': rf'\s*({_NUMBER})?\s*',
    'UI': r'[0-9.]{0,64}',
    'DA': r'(\d{8}|\d{4}\.\d{2}\.\d{2})?',
    'TM': r'(\d{2}(:?\d{2}(:?\d{2}(\.\d{1,6})?)?)?)?\s*',
    'DT': r'(\d{4,14}(\.\d{1,6})?([+-]\d{4})?)?\s*',
}


def holds_its_type(element: DataElement) -> bool:
    """Whether the type is that of the dictionary, or of its kind, and each value has the form of the type."""
    expected = set(dictionary_VR(element.tag).split(' or '))
    if not any(element.VR in kind and expected & kind for kind in (expected, _TEXTS, _NUMBERS)):
        return False
    form = _FORMS.get(element.VR)
    if form is None or element.value is None:
        return True
    values = element.value if isinstance(element.value, (MultiValue, list)) else [element.value]
    return all(re.fullmatch(form, str(value)) for value in values)
