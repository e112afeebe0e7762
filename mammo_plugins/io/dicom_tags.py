"""Typed values out of a DICOM data set; a value that cannot be used is an error that names file and tag."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from pydicom import Dataset
from pydicom.config import disable_value_validation
from pydicom.datadict import tag_for_keyword
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.tag import Tag
from pydicom.uid import ExplicitVRBigEndian

from .unreadable_image import UnreadableImageError


class DicomTags:
    """Reads the elements of one data set (or sequence item) by keyword.

    Args:
        path: named in errors.
        dataset: pydicom data set.
        is_little_endian: order of the bytes in values that pydicom leaves as they are; by the file's transfer syntax
            where None.
    """

    def __init__(self, path: Path, dataset: Dataset, is_little_endian: bool | None = None) -> None:
        self.path = path
        self.dataset = dataset
        if is_little_endian is None:
            syntax = getattr(getattr(dataset, 'file_meta', None), 'TransferSyntaxUID', None)
            is_little_endian = syntax != ExplicitVRBigEndian
        self.is_little_endian = is_little_endian

    def fail(self, reason: str) -> NoReturn:
        """Refuses the file."""
        raise UnreadableImageError(self.path, reason)

    def texts(self, keyword: str) -> tuple[str, ...]:
        """Values of a text element without the padding around them; empty where it is absent.

        Raises:
            UnreadableImageError: a value holds control characters: in a damaged file one element may have swallowed its
                neighbours, a patient's name among them, which must get no further.
        """
        values = tuple(str(value).strip(' \0') for value in self._values(keyword))
        if not all(value.isprintable() for value in values):
            self.fail(f'{tag_name(keyword)} is broken: it holds control characters')
        return values

    def text(self, keyword: str, default: str = '') -> str:
        """First value of a text element, or ``default`` where it is absent or empty."""
        return next((value for value in self.texts(keyword) if value), default)

    def numbers(self, keyword: str) -> tuple[float, ...]:
        """Values of a numeric element; empty where it is absent.

        Raises:
            UnreadableImageError: a value is no finite number.
        """
        try:
            numbers = tuple(float(value) for value in self._values(keyword))
        except (TypeError, ValueError, OverflowError):
            self.fail(f'{tag_name(keyword)} is not a number')
        if not all(map(math.isfinite, numbers)):
            self.fail(f'{tag_name(keyword)} is not finite')
        return numbers

    def number(self, keyword: str, default: float | None = None) -> float | None:
        """First value of a numeric element, or ``default`` where it is absent or empty."""
        return next(iter(self.numbers(keyword)), default)

    def integer(self, keyword: str, default: int | None = None) -> int:
        """First value of an integer element.

        Raises:
            UnreadableImageError: it is absent and there is no default, or it is no integer.
        """
        value = self.number(keyword, default)
        if value is None:
            self.fail(f'missing tag {tag_name(keyword)}')
        if value != int(value):
            self.fail(f'{tag_name(keyword)} is {value}, not an integer')
        return int(value)

    def require_text(self, keyword: str) -> str:
        """First value of a text element that must be there.

        Raises:
            UnreadableImageError: it is absent or empty.
        """
        if not (value := self.text(keyword)):
            self.fail(f'missing tag {tag_name(keyword)}')
        return value

    def has_value(self, keyword: str) -> bool:
        """Whether an element is there and not empty."""
        value = self._element_value(keyword)
        return value is not None and value != '' and not (isinstance(value, (MultiValue, Sequence)) and not value)

    def items(self, keyword: str) -> list[DicomTags]:
        """Items of a sequence; empty where it is absent.

        Raises:
            UnreadableImageError: it is stored as something else.
        """
        sequence = self._element_value(keyword)
        if sequence is None or sequence == '':
            return []
        if not isinstance(sequence, Sequence):
            self.fail(f'{tag_name(keyword)} is not a sequence')
        return [DicomTags(self.path, item, self.is_little_endian) for item in sequence]

    def first_item(self, *keywords: str) -> DicomTags | None:
        """The first item of a sequence nested in the first items of others, or None where one of them is absent."""
        tags: DicomTags | None = self
        for keyword in keywords:
            tags = next(iter(tags.items(keyword)), None)
            if tags is None:
                return None
        return tags

    def _values(self, keyword: str) -> Iterator[Any]:
        value = self._element_value(keyword)
        if isinstance(value, (MultiValue, list, tuple)):
            yield from (part for part in value if part is not None)
        elif value is not None and value != '':
            yield value

    def _element_value(self, keyword: str) -> Any:
        try:
            with disable_value_validation():  # its warnings would quote values
                return self.dataset.get(keyword)
        except Exception as error:  # pydicom converts lazily and lets whatever the conversion raises through
            raise UnreadableImageError(
                self.path, f'{tag_name(keyword)} cannot be read ({type(error).__name__})'
            ) from error


def tag_name(keyword: str) -> str:
    """Keyword with its number, such as ``Rows (0028,0010)``."""
    return f'{keyword} {Tag(tag_for_keyword(keyword))}'
