"""A synthetic mammogram that was computed from a volume, as a DICOM file that says so.

It is a Digital Mammography X-Ray Image, For Presentation, whose Image Type is that of generated 2-D images.
Manufacturer, Software Versions, Series Description and Derivation Description name this project and the recipe, Source
Image Sequence the volume, and Contributing Equipment Sequence the vendor of the volume.

Stored values are linear: 0 is air and 32,767 is even tissue at the upper end of the volume's grey scale, so that the
brightest speck that the recipe can give, 2, still fits into 16 bits. The one window runs from 0 to the largest value.

Source: DICOM PS3.3 A.26.3 (Digital Mammography X-Ray Image IOD), C.8.11.7.1.4 (Image Type), C.7.6.1.1.3 (derivation).
"""

from __future__ import annotations

from collections.abc import Sequence as Items
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, JPEGLSLossless, generate_uid
from pydicom.valuerep import format_number_as_ds

import mammo_plugins
from mammo_plugins.structures import ViewKey

from ..dicom_modality import COMPUTED_BY, COMPUTED_SERIES, MG_FOR_PRESENTATION
from ..mammogram_header import MammogramHeader
from ..whole_file import whole_file
from .code_items import code_item, has_view_item, view_item

UNIT = 32767
"""Stored value of intensity 1."""

_BITS = 16
_IMAGE_TYPE = ['DERIVED', 'PRIMARY', 'TOMOSYNTHESIS', 'GENERATED_2D']


@dataclass(frozen=True)
class ComputedMammogram:
    """A picture and what it was computed from.

    Attributes:
        intensities: (H, W), air 0, dense tissue bright, in the stored pixels of the volume; below 0 is stored as 0.
        source: header of the volume.
        source_instances: (SOP Class UID, SOP Instance UID) of each of its files.
        view: side and projection.
        recipe: how it was computed, with a version.
    """

    intensities: npt.NDArray[np.float32]
    source: MammogramHeader
    source_instances: Items[tuple[str, str]]
    view: ViewKey
    recipe: str


def computed_uid(source_uid: str, recipe: str, what: str = 'image') -> str:
    """The UID of a computed mammogram: the same for the same volume and recipe, so that a rerun gives the same file.

    Args:
        source_uid: SOP Instance UID of the volume (of its first slice), or what tells it from all others.
        recipe: how it is computed, with a version.
        what: ``image`` or ``series``.
    """
    return generate_uid(entropy_srcs=[COMPUTED_BY, what, recipe, source_uid])


def write_computed_mammogram(path: str | Path, image: ComputedMammogram, uid: str) -> None:
    """Writes the file, JPEG-LS lossless; it appears whole or not at all, and equal input gives equal bytes.

    Of the volume's header it holds ids, view, spacing, Patient Orientation, implant and the time of day of the
    exposure, and nothing else: no name, no date.

    Args:
        path: where it goes.
        image: what to write.
        uid: its SOP Instance UID, see :func:`computed_uid`.

    Raises:
        ValueError: the intensities are not those of an image of the volume's size, or hold NaN.
    """
    stored = _stored_values(image)
    dataset = _identity(image, uid)
    _describe_view(dataset, image)
    _describe_origin(dataset, image)
    _describe_pixels(dataset, stored)
    with whole_file(path) as unfinished:
        dataset.compress(JPEGLSLossless, stored, encoding_plugin='pyjpegls', generate_instance_uid=False)
        dataset.save_as(unfinished, enforce_file_format=True)


def _stored_values(image: ComputedMammogram) -> npt.NDArray[np.uint16]:
    expected = (image.source.rows, image.source.columns)
    if image.intensities.shape != expected or np.isnan(image.intensities).any():
        raise ValueError(f'expected intensities {expected} without NaN, got {image.intensities.shape}')
    return np.clip(np.rint(image.intensities * np.float32(UNIT)), 0, 2**_BITS - 1).astype(np.uint16)


def _identity(image: ComputedMammogram, uid: str) -> Dataset:
    """Patient, General Study, General Series, General Equipment and SOP Common modules."""
    source = image.source
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SpecificCharacterSet = 'ISO_IR 192'
    dataset.SOPClassUID, dataset.SOPInstanceUID = MG_FOR_PRESENTATION, uid
    dataset.PatientID = source.patient_id
    dataset.PatientName = dataset.PatientBirthDate = dataset.PatientSex = ''
    dataset.StudyInstanceUID = source.study_uid or computed_uid(uid, image.recipe, 'study')
    dataset.StudyID = source.study_id
    dataset.StudyDate = dataset.StudyTime = dataset.AccessionNumber = dataset.ReferringPhysicianName = ''
    dataset.SeriesInstanceUID = computed_uid(uid, image.recipe, 'series')
    dataset.SeriesNumber, dataset.InstanceNumber = None, 1
    dataset.Modality, dataset.PresentationIntentType = 'MG', 'FOR PRESENTATION'
    dataset.Manufacturer, dataset.ManufacturerModelName = COMPUTED_BY, COMPUTED_SERIES
    dataset.SoftwareVersions = mammo_plugins.__version__
    if source.acquisition_time_s is not None:
        dataset.AcquisitionTime = _time_text(source.acquisition_time_s)
    return dataset


def _describe_view(dataset: Dataset, image: ComputedMammogram) -> None:
    """Mammography Image, DX Anatomy Imaged, DX Positioning and DX Detector modules."""
    source, side, position = image.source, image.view.laterality.value, image.view.position
    dataset.SeriesDescription = f'{COMPUTED_SERIES} {side} {position.value}'
    dataset.ImageLaterality, dataset.ViewPosition = side, position.value
    if has_view_item(position):
        dataset.ViewCodeSequence = Sequence([view_item(position, source.view_modifiers)])
    dataset.AnatomicRegionSequence = Sequence([code_item('76752008', 'Breast')])
    dataset.BodyPartExamined = dataset.OrganExposed = 'BREAST'
    dataset.PositionerType, dataset.DetectorType = 'MAMMOGRAPHIC', ''
    dataset.PatientOrientation = list(source.patient_orientation or ())
    dataset.AcquisitionContextSequence = Sequence()
    if source.has_implant is not None:
        dataset.BreastImplantPresent = 'YES' if source.has_implant else 'NO'
    if source.spacing_mm is not None:
        spacing = [format_number_as_ds(value) for value in source.spacing_mm]
        dataset.PixelSpacing = dataset.ImagerPixelSpacing = spacing


def _describe_origin(dataset: Dataset, image: ComputedMammogram) -> None:
    """That it is computed, how, and from what."""
    dataset.ImageType = _IMAGE_TYPE
    dataset.DerivationDescription = (
        f'Synthetic mammogram computed from a tomosynthesis volume by {COMPUTED_BY} {mammo_plugins.__version__}, '
        f'not by the system of a vendor. Recipe: {image.recipe}. Stored values are linear, {UNIT} is intensity 1.'
    )
    dataset.DerivationCodeSequence = Sequence(
        [
            code_item('113086', 'Edge enhancement', 'DCM'),
            code_item('113078', 'Maximum intensity projection', 'DCM'),
        ]
    )
    sources = []
    for sop_class, instance in image.source_instances:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, instance
        purpose = code_item('121322', 'Source image for image processing operation', 'DCM')
        item.PurposeOfReferenceCodeSequence = Sequence([purpose])
        sources.append(item)
    if sources:
        dataset.SourceImageSequence = Sequence(sources)
    if image.source.manufacturer:
        equipment = Dataset()
        equipment.PurposeOfReferenceCodeSequence = Sequence([code_item('109101', 'Acquisition Equipment', 'DCM')])
        equipment.Manufacturer = image.source.manufacturer
        dataset.ContributingEquipmentSequence = Sequence([equipment])


def _describe_pixels(dataset: Dataset, stored: npt.NDArray[np.uint16]) -> None:
    """Image Pixel, DX Image and VOI LUT modules."""
    dataset.Rows, dataset.Columns = stored.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, 'MONOCHROME2'
    dataset.PixelRepresentation = 0
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = _BITS, _BITS, _BITS - 1
    dataset.PixelIntensityRelationship, dataset.PixelIntensityRelationshipSign = 'LOG', 1
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = 0, 1, 'US'
    dataset.PresentationLUTShape = 'IDENTITY'
    dataset.BurnedInAnnotation, dataset.LossyImageCompression = 'NO', '00'
    top = max(int(stored.max()), 1)
    dataset.WindowCenter, dataset.WindowWidth = (top + 1) / 2, top + 1
    dataset.VOILUTFunction = 'LINEAR'


def _time_text(seconds: float) -> str:
    microseconds = round(seconds * 1e6)
    minutes, rest = divmod(microseconds, 60_000_000)
    hours, minutes = divmod(minutes, 60)
    return f'{hours:02d}{minutes:02d}{rest // 1_000_000:02d}.{rest % 1_000_000:06d}'
