"""What codes mean by the dictionaries, since the meaning that stands beside a code is a free text."""

from __future__ import annotations

from functools import cache

from pydicom import Dataset
from pydicom.sr.codedict import codes


def restate_meaning(item: Dataset) -> None:
    """Sets Code Meaning of a code item to the dictionary's, or to the code itself where that has none."""
    if 'CodeMeaning' not in item:
        return
    value = str(item.get('CodeValue') or item.get('LongCodeValue') or '')
    item.CodeMeaning = _meanings().get((str(item.get('CodingSchemeDesignator', '')), value), value)[:64]


@cache
def _meanings() -> dict[tuple[str, str], str]:
    """(scheme, value) to meaning, of the codes that pydicom knows."""
    return {
        (scheme, code.value): code.meaning
        for scheme in codes.schemes()
        for code in getattr(codes, scheme).concepts.values()
    }
