"""Frees one data set of what identifies, and records how."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import dicognito
from pydicom import DataElement, Dataset
from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.dataset import FileMetaDataset
from pydicom.sequence import Sequence as DicomSequence

import mammo_plugins

from ..dicom_out.code_items import code_item
from . import kept_elements as kept
from .code_meanings import restate_meaning
from .element_values import holds_its_type
from .keyed_values import DateShifter, KeyedRandomizer, UidReplacer, id_replacer
from .refusal import PRESENTATIONS, REPORTS, refuse
from .safe_words import keep_safe_words
from .structured_content import clean_content, clean_marks, clean_segments, replaced_text

_OLDEST = 89
_DATES = ('DA', 'DT', 'TM')
_PROFILE = ('113100', 'Basic Application Confidentiality Profile')
_GRAPHICS = ('113103', 'Clean Graphics Option')
_CONTENT = ('113104', 'Clean Structured Content Option')
_OPTIONS = (
    ('113105', 'Clean Descriptors Option'),
    ('113107', 'Retain Longitudinal Temporal Information Modified Dates Option'),
    ('113108', 'Retain Patient Characteristics Option'),
)
"""Descriptions keep words of the field, dates move alike for a patient, age and sex stay."""
RECORDED = (_PROFILE, _GRAPHICS, _CONTENT, *_OPTIONS)
"""Codes of PS3.16 CID 7050."""


class Deidentifier:
    """Replaces identifiers under a key, so that files of one study stay together, over any number of runs.

    Args:
        key: the secret.
        stands_for_nobody: whether a patient id is what other tools write for everybody; such an id stays.
    """

    def __init__(self, key: bytes, stands_for_nobody: Callable[[str], bool] = lambda patient_id: not patient_id):
        self._randomizer = KeyedRandomizer(key)
        self._uids = UidReplacer(self._randomizer)
        self._ids = id_replacer(self._randomizer, *kept.IDS)
        self._stands_for_nobody = stands_for_nobody

    def clean(self, dataset: Dataset) -> None:
        """Changes a data set in place; pixel data stay as they are.

        Raises:
            RefusedObjectError: it cannot be freed of what identifies.
        """
        refuse(dataset)
        clean_content(dataset)
        clean_marks(dataset)
        clean_segments(dataset)
        patient = str(dataset.get('PatientID') or dataset.get('StudyInstanceUID') or '')
        performed = dataset.get('DeidentificationMethodCodeSequence') or []
        keywords = kept.kept_elements(dataset.SOPClassUID)
        _DataSetCleaner(self, keywords, DateShifter(self._randomizer, patient)).clean(dataset)
        dataset.PatientName = dataset.get('PatientID', '')
        self._record(dataset, performed)
        dataset.file_meta = _file_meta(dataset)
        dataset.preamble = bytes(128)

    def replace_id(self, dataset: Dataset, element: DataElement) -> None:
        """Replaces an identifier, unless it is none."""
        if element.value and not (element.keyword == 'PatientID' and self._stands_for_nobody(str(element.value))):
            self._ids(dataset, element)

    def replace_text(self, item: Dataset) -> None:
        """Replaces the text of a content item that is an identifier."""
        holder = Dataset()
        holder.PatientID = item.TextValue
        self._ids(holder, holder['PatientID'])
        item.TextValue = holder.PatientID

    def replace_uid(self, dataset: Dataset, element: DataElement) -> bool:
        """Replaces a UID of an instance; false where the element holds no UID."""
        return self._uids(dataset, element)

    @staticmethod
    def _record(dataset: Dataset, performed: Sequence[Dataset]) -> None:
        """De-identification attributes of the Patient and SOP Common modules (PS3.15 E.1.1)."""
        done = [_PROFILE, *_OPTIONS]
        if dataset.SOPClassUID in REPORTS:
            done.insert(1, _CONTENT)
        elif dataset.SOPClassUID in PRESENTATIONS:
            done.insert(1, _GRAPHICS)
        before = {str(item.get('CodeValue', '')): item for item in performed}
        for value, _ in done:
            before.pop(value, None)
        dataset.PatientIdentityRemoved = 'YES'
        dataset.DeidentificationMethod = [
            f'mammo_plugins {mammo_plugins.__version__}',
            f'dicognito {dicognito.__version__}',
        ]
        dataset.DeidentificationMethodCodeSequence = DicomSequence(
            [*before.values(), *(code_item(value, meaning, 'DCM') for value, meaning in done)]
        )
        dataset.LongitudinalTemporalInformationModified = 'MODIFIED'


class _DataSetCleaner:
    """One pass over a data set and its sequences."""

    def __init__(self, owner: Deidentifier, keywords: frozenset[str], dates: DateShifter) -> None:
        self._owner, self._keywords, self._dates = owner, keywords, dates

    def clean(self, dataset: Dataset) -> None:
        """Replaces, empties or removes each element, in place."""
        if 'TextValue' in dataset and replaced_text(dataset):
            self._owner.replace_text(dataset)
        for tag in sorted(dataset.keys()):
            keyword = keyword_for_tag(tag)
            if keyword not in self._keywords:
                del dataset[tag]
            elif keyword in kept.EMPTIED:
                _empty(dataset, tag)
            elif holds_its_type(dataset[tag]):
                self._treat(dataset, dataset[tag])
            elif dictionary_VR(tag) in _DATES:
                _empty(dataset, tag)
            else:
                del dataset[tag]
        restate_meaning(dataset)

    def _treat(self, dataset: Dataset, element: DataElement) -> None:
        keyword = element.keyword
        if element.VR == 'SQ':
            for item in element.value:
                self.clean(item)
        elif keyword in kept.IDS:
            self._owner.replace_id(dataset, element)
        elif keyword in kept.FIXED:
            element.value = kept.FIXED[keyword]
        elif keyword in kept.DESCRIPTIONS:
            element.value = keep_safe_words(str(element.value))
        elif keyword == 'PatientAge':
            element.value = _masked_age(str(element.value))
        elif keyword == 'StackID':
            element.value = ''.join(re.findall(r'\d', str(element.value))) or '1'
        elif element.VR in _DATES:
            self._dates(dataset, element)
        else:
            self._owner.replace_uid(dataset, element)


def _empty(dataset: Dataset, tag: int) -> None:
    vr = dictionary_VR(tag)
    dataset[tag] = DataElement(tag, vr, DicomSequence() if vr == 'SQ' else '')


def _masked_age(age: str) -> str:
    """Ages over 89 years are rare enough to identify, and what is no age is dropped."""
    match = re.fullmatch(r'(\d{3})([DWMY])', age)
    if match is None:
        return ''
    return f'{_OLDEST + 1:03d}Y' if match[2] == 'Y' and int(match[1]) > _OLDEST else age


def _file_meta(dataset: Dataset) -> FileMetaDataset:
    """Meta information without titles of applications and private parts."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = dataset.file_meta.TransferSyntaxUID
    return meta
