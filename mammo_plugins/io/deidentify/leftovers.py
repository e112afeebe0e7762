"""Looks for what identifies in a cleaned data set, whatever element it may have come from."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydicom import DataElement, Dataset
from pydicom.multival import MultiValue

from .safe_words import is_safe_word

_PEOPLE = (
    'PatientName OtherPatientNames PatientBirthName PatientMotherBirthName ReferringPhysicianName OperatorsName '
    'PerformingPhysicianName PhysiciansOfRecord NameOfPhysiciansReadingStudy RequestingPhysician ResponsiblePerson'
).split()
_TEXTS = (
    'PatientID OtherPatientIDs AccessionNumber PatientBirthDate PatientAddress PatientTelephoneNumbers '
    'MedicalRecordLocator InstitutionName InstitutionAddress StationName'
).split()
_SHORTEST, _SHORTEST_NUMBER = 4, 6
"""Letters of a word, and digits of a number, that are hardly there by chance."""
_TEXT_VRS = frozenset('AE AS CS DA DT LO LT PN SH ST TM UC UI UR UT'.split())
_RESTATED = frozenset('CodeMeaning DeidentificationMethod'.split())
_STANDARD_ROOT = '1.2.840.10008.'


class Identity:
    """What identifies in a data set, taken before it is cleaned."""

    def __init__(self, dataset: Dataset) -> None:
        self._words: dict[str, str] = {}
        for keyword in _PEOPLE:
            for value in _values(dataset.get(keyword)):
                self._words.update((word.lower(), keyword) for word in re.findall(r'\w+', value))
        for keyword in _TEXTS:
            self._words.update((value.strip().lower(), keyword) for value in _values(dataset.get(keyword)))
        self._words = {word: keyword for word, keyword in self._words.items() if _tells_somebody(word)}
        self._uids = {
            uid: element.keyword
            for element in _texts(dataset)
            if element.VR == 'UI' and not element.keyword.endswith(('ClassUID', 'SyntaxUID'))
            for uid in _values(element.value)
            if uid and not uid.startswith(_STANDARD_ROOT)
        }

    def find_in(self, dataset: Dataset, but: str = '') -> str | None:
        """Keyword of the first value that still stands in a data set.

        Args:
            dataset: the cleaned one.
            but: a value that may stay, such as a patient id that is nobody's.
        """
        for element in _texts(dataset):
            for value in _values(element.value):
                if element.VR == 'UI' and value in self._uids:
                    return self._uids[value]
                if element.keyword in _RESTATED or value == but:
                    continue
                text = value.lower()
                for word, keyword in self._words.items():
                    if word in text and re.search(rf'(?<!\w){re.escape(word)}(?!\w)', text):
                        return keyword
        return None


def _tells_somebody(word: str) -> bool:
    return len(word) >= (_SHORTEST_NUMBER if word.isdigit() else _SHORTEST) and not is_safe_word(word)


def _texts(dataset: Dataset) -> Iterator[DataElement]:
    """Elements of texts and UIDs at any depth."""
    for element in dataset:
        if element.VR == 'SQ':
            for item in element.value:
                yield from _texts(item)
        elif element.VR in _TEXT_VRS:
            yield element


def _values(value: object) -> list[str]:
    if value is None:
        return []
    return [str(one) for one in value] if isinstance(value, (MultiValue, list)) else [str(value)]
