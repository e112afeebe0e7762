"""What all objects that hold results share: UIDs, patient, study, series, equipment, and how they are saved.

UIDs derive from the study, its images, which of them could not be read, the model with its config, the settings and the
version of this software, so that the same run gives the same objects: an archive that gets them twice keeps one.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

import mammo_plugins
from mammo_plugins.structures import Laterality

from ..dicom_modality import COMPUTED_BY
from ..whole_file import whole_file
from .code_items import code_item
from .result_settings import NOW, ResultSettings
from .source_headers import copy_patient_and_study
from .study_results import StudyResults

KINDS = ('cad-sr', 'sr', 'gsps', 'seg', 'sc')
"""Kinds of objects, by the names of the command line; their place is that of their series."""

_SERIES_NAMES = {
    'cad-sr': 'CAD SR',
    'sr': 'measurement report',
    'gsps': 'marks',
    'seg': 'segmentation',
    'sc': 'marks, burned in',
}
_PROCESSING_EQUIPMENT = ('109102', 'Processing Equipment', 'DCM')
_LONGEST_LO = 64
_CREATION = ('InstanceCreationDate', 'InstanceCreationTime')
_TIMES = (
    ('ContentDate', 'ContentTime'),
    ('PresentationCreationDate', 'PresentationCreationTime'),
    ('DateOfSecondaryCapture', 'TimeOfSecondaryCapture'),
    _CREATION,
)


def result_uid(results: StudyResults, settings: ResultSettings, *what: str) -> str:
    """A UID that follows from the run and from what it is of."""
    images = sorted(header.SOPInstanceUID for header in results.headers())
    failed = sorted(header.SOPInstanceUID for header in results.failed)
    run = (results.first.StudyInstanceUID, *images, results.model.name, results.model.digest, settings.digest)
    sources = [f'{COMPUTED_BY} result', mammo_plugins.__version__, *run, *what]
    if results.model.settings:
        sources += ['model settings', results.model.settings]
    if failed:  # what is read at a later try, such as after a crash, is another result
        sources += ['failed', *failed]
    return generate_uid(entropy_srcs=[f'{len(source)}:{source}' for source in sources])


def start_object(sop_class_uid: str, modality: str) -> Dataset:
    """An object of its class, Explicit VR Little Endian, still to be stamped."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID, dataset.Modality = sop_class_uid, modality
    return dataset


def series_arguments(
    results: StudyResults, settings: ResultSettings, kind: str, number: int, side: Laterality | None = None
) -> dict[str, object]:
    """What classes of highdicom ask for; :func:`stamp` sets the rest.

    Args:
        results, settings: the run.
        kind: one of :data:`KINDS`.
        number: of the object among those of its kind, from 1.
        side: of the image that it is about, of kinds that have a series a side, since a series has one laterality.
    """
    sides = () if side is None else (side.value,)
    place = KINDS.index(kind) + (len(KINDS) if side is Laterality.RIGHT else 0)
    return {
        'series_instance_uid': result_uid(results, settings, 'series', kind, *sides),
        'series_number': settings.series_number + place,
        'sop_instance_uid': result_uid(results, settings, 'instance', kind, str(number)),
        'instance_number': number,
        'manufacturer': settings.manufacturer,
        'manufacturer_model_name': settings.model_name,
        'software_versions': results.model.version[:_LONGEST_LO],
        'device_serial_number': results.model.digest[:12] or '0',
    }


def stamp(
    dataset: Dataset,
    results: StudyResults,
    settings: ResultSettings,
    kind: str,
    number: int = 1,
    side: Laterality | None = None,
) -> Dataset:
    """Sets everything that does not depend on the kind of an object, and gives it back.

    Source: DICOM PS3.3 C.7.1 (Patient), C.7.2 (Study), C.7.3.1 (Series), C.7.5.1 (Equipment), C.12.1 (SOP Common).
    """
    arguments = series_arguments(results, settings, kind, number, side)
    if side is not None:
        dataset.Laterality = side.value
    dataset.SpecificCharacterSet = 'ISO_IR 192'
    copy_patient_and_study(results.first, dataset)
    dataset.SOPInstanceUID, dataset.SeriesInstanceUID = arguments['sop_instance_uid'], arguments['series_instance_uid']
    dataset.SeriesNumber, dataset.InstanceNumber = arguments['series_number'], number
    dataset.SeriesDescription = f'{results.model.name}: {_SERIES_NAMES[kind]}'[:_LONGEST_LO]
    dataset.Manufacturer, dataset.ManufacturerModelName = settings.manufacturer, settings.model_name
    dataset.SoftwareVersions = arguments['software_versions']
    dataset.DeviceSerialNumber = arguments['device_serial_number']
    dataset.ContributingEquipmentSequence = Sequence([_own_equipment(results)])
    _set_times(dataset, results, settings)
    return dataset


def is_own_result(dataset: Mapping) -> bool:
    """Whether an object was written by this software, whatever manufacturer it names.

    Args:
        dataset: its header.
    """
    equipment = dataset.get('ContributingEquipmentSequence') or ()
    return any(item.get('Manufacturer') == COMPUTED_BY and 'SoftwareVersions' in item for item in equipment)


def save_result(path: str | Path, dataset: Dataset) -> Path:
    """Writes an object; it appears whole or not at all."""
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    with whole_file(path) as unfinished:
        dataset.save_as(unfinished, enforce_file_format=True)
    return Path(path)


def _own_equipment(results: StudyResults) -> Dataset:
    item = Dataset()
    item.PurposeOfReferenceCodeSequence = Sequence([code_item(*_PROCESSING_EQUIPMENT)])
    item.Manufacturer, item.ManufacturerModelName = COMPUTED_BY, results.model.name[:_LONGEST_LO]
    item.SoftwareVersions = results.model.version[:_LONGEST_LO]
    return item


def _set_times(dataset: Dataset, results: StudyResults, settings: ResultSettings) -> None:
    """Dates of the content; that of creation only where it is the time of day, so that a rerun gives equal bytes."""
    time = results.content_time(settings)
    date_text, time_text = time.strftime('%Y%m%d'), time.strftime('%H%M%S')
    for pair in _TIMES:
        for keyword, text in zip(pair, (date_text, time_text), strict=True):
            if keyword not in dataset:
                continue
            if pair == _CREATION and settings.content_time != NOW:
                del dataset[keyword]
            else:
                setattr(dataset, keyword, text)
