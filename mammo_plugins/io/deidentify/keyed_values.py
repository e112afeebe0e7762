"""Identifiers and dates replaced under a secret key: the same key and value give the same replacement, in any run."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator

from dicognito.datetimeanonymizer import DateTimeAnonymizer
from dicognito.element_anonymizer import ElementAnonymizer
from dicognito.idanonymizer import IDAnonymizer
from dicognito.randomizer import Randomizer
from pydicom import DataElement, Dataset
from pydicom.datadict import keyword_for_tag
from pydicom.multival import MultiValue

_STANDARD_ROOT = '1.2.840.10008.'
_HOURS = (62 * 24, 730 * 24)
"""Least and most that dates move to the past, as by dicognito."""


class KeyedRandomizer(Randomizer):
    """dicognito's source of numbers, by HMAC-SHA-256 instead of an MD5 of seed and value."""

    def __init__(self, key: bytes) -> None:
        super().__init__(seed='')
        self._key = key

    def to_int(self, original_value: str) -> int:
        digest = hmac.new(self._key, str(original_value).encode(), hashlib.sha256).digest()
        return int.from_bytes(digest, 'big')


class UidReplacer(ElementAnonymizer):
    """Replaces UIDs of instances by such of the root for UUIDs; those of the standard stay.

    dicognito's own replacements lie below a root that is nobody's.

    Source: DICOM PS3.5 B.2 (2.25 and an integer of 128 bits).
    """

    def __init__(self, randomizer: Randomizer) -> None:
        self._randomizer = randomizer

    def __call__(self, dataset: Dataset, data_element: DataElement) -> bool:
        if data_element.VR != 'UI':
            return False
        if data_element.value and not keyword_for_tag(data_element.tag).endswith('ClassUID'):
            value = data_element.value
            many = isinstance(value, MultiValue)
            data_element.value = [self.replace(uid) for uid in value] if many else self.replace(value)
        return True

    def replace(self, uid: str) -> str:
        """The new UID of an old one."""
        if not uid or uid.startswith(_STANDARD_ROOT):
            return uid
        return f'2.25.{self._randomizer.to_int(f"uid {uid}") >> 128}'

    def describe_actions(self) -> Iterator[str]:
        yield 'Replace UIDs of instances'


class DateShifter(ElementAnonymizer):
    """dicognito's shift of dates and the times beside them; what is no date is emptied, a time without one as well."""

    def __init__(self, randomizer: Randomizer, patient: str) -> None:
        least, most = _HOURS
        self._shift = DateTimeAnonymizer(-(least + randomizer.to_int(f'dates {patient}') % (most - least)))

    def __call__(self, dataset: Dataset, data_element: DataElement) -> bool:
        if data_element.VR == 'TM':
            day = dataset.get(keyword_for_tag(data_element.tag).replace('Time', 'Date'))
            if not day:
                data_element.value = ''
            return True
        try:
            return self._shift(dataset, data_element)
        except (ValueError, OverflowError):
            data_element.value = ''
            return True

    def describe_actions(self) -> Iterator[str]:
        yield from self._shift.describe_actions()


def id_replacer(randomizer: Randomizer, *keywords: str) -> IDAnonymizer:
    """dicognito's replacement of identifiers by twelve letters and digits."""
    return IDAnonymizer(randomizer, '', '', *keywords)
