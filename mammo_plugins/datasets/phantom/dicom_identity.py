"""Identifiers and the modules that every phantom image shares. All of them are synthetic."""

from __future__ import annotations

from dataclasses import dataclass

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import generate_uid

from mammo_plugins.io.dicom_out.code_items import view_item
from mammo_plugins.structures import ViewPosition

from .vendor_style import VendorStyle

_DATE = '20000101'


@dataclass(frozen=True)
class ImageIdentity:
    """Whose image it is and which.

    Attributes:
        patient_id, study_id: identifiers of the release.
        laterality: as the header states it, which may be wrong.
        position: ``CC`` or ``MLO``.
        mirrored: whether the chest wall is stored on the right.
        series_number: within the study.
        seed: of the release; with the other fields it determines the UIDs.
    """

    patient_id: str
    study_id: str
    laterality: str
    position: str
    mirrored: bool
    series_number: int
    seed: int

    @property
    def study_uid(self) -> str:
        return self._uid('study')

    @property
    def series_uid(self) -> str:
        return self._uid('series', str(self.series_number))

    @property
    def sop_uid(self) -> str:
        return self._uid('image', str(self.series_number))

    @property
    def frame_of_reference_uid(self) -> str:
        return self._uid('frame', self.laterality, self.position)

    @property
    def patient_orientation(self) -> list[str]:
        """Directions of rows and columns (C.7.6.1.1.1) of an image that is stored upright."""
        along_row = 'P' if self.mirrored else 'A'
        medial = 'L' if self.mirrored else 'R'
        return [along_row, medial if self.position == 'CC' else f'F{medial}']

    def _uid(self, *parts: str) -> str:
        return generate_uid(entropy_srcs=['mammo_plugins phantom', str(self.seed), self.patient_id, *parts])


def start_dataset(identity: ImageIdentity, sop_class_uid: str, syntax: str, vendor: VendorStyle) -> Dataset:
    """Patient, General Study, General Series, Equipment and SOP Common modules (PS3.3 C.7, C.12.1)."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.SpecificCharacterSet = 'ISO_IR 100'
    dataset.SOPClassUID, dataset.SOPInstanceUID = sop_class_uid, identity.sop_uid
    dataset.PatientID = identity.patient_id
    dataset.PatientName = f'Phantom^{identity.patient_id[4:]}'
    dataset.PatientBirthDate, dataset.PatientSex, dataset.PatientAge = '', 'F', '050Y'
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = identity.study_uid, identity.series_uid
    dataset.StudyID, dataset.AccessionNumber, dataset.ReferringPhysicianName = identity.study_id, '', ''
    dataset.StudyDate = dataset.SeriesDate = dataset.AcquisitionDate = dataset.ContentDate = _DATE
    # The images of one exposure share their time, as in a combo of FFDM and tomosynthesis.
    dataset.StudyTime, exposed = '120000', f'12{identity.series_number // 10:02d}00'
    dataset.SeriesTime = dataset.AcquisitionTime = dataset.ContentTime = exposed
    dataset.SeriesNumber, dataset.InstanceNumber = identity.series_number, 1
    dataset.Modality, dataset.BodyPartExamined = 'MG', 'BREAST'
    dataset.Manufacturer, dataset.ManufacturerModelName = vendor.manufacturer, vendor.model_name
    dataset.DeviceSerialNumber, dataset.SoftwareVersions = f'PHANTOM-{vendor.code}', '1'
    dataset.PatientOrientation = identity.patient_orientation
    dataset.BurnedInAnnotation, dataset.LossyImageCompression = 'NO', '00'
    dataset.PresentationLUTShape = 'IDENTITY'
    dataset.BreastImplantPresent, dataset.PartialView = 'NO', 'NO'
    dataset.AcquisitionContextSequence = Sequence()
    dataset.ViewCodeSequence = Sequence([view_item(ViewPosition[identity.position])])
    return dataset


def set_pixel_format(dataset: Dataset, rows: int, columns: int, bits: int, photometric: str) -> None:
    """Image Pixel module (PS3.3 C.7.6.3) of unsigned 16-bit grey values."""
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = rows, columns, 1
    dataset.PhotometricInterpretation, dataset.PixelRepresentation = photometric, 0
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, bits, bits - 1
