"""Small breast images as DICOM data sets, built in memory."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import gdcm
import numpy as np
from openjpeg.utils import encode_array
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, JPEGLosslessSV1, generate_uid

from mammo_plugins.io.dicom_modality import BREAST_TOMOSYNTHESIS, CT_IMAGE, MG_FOR_PRESENTATION

# Identifiers that must never come out of the readers
PATIENT_NAME = 'Secretname^Anna'
BIRTH_DATE = '19501231'


def mammogram(pixels: np.ndarray | None = None, **elements) -> Dataset:
    """A left CC mammogram of 12 bits; ``elements`` override by keyword, None removes one.

    Args:
        pixels: (H, W), 8 or 16 bits; a small gradient where None.
    """
    pixels = gradient((6, 5)) if pixels is None else pixels
    return _image(pixels, MG_FOR_PRESENTATION, {'ImageLaterality': 'L', 'ViewPosition': 'CC', **elements})


def dbt_volume(pixels: np.ndarray, **elements) -> Dataset:
    """A left CC tomosynthesis volume with its side and view in functional groups and codes.

    Args:
        pixels: (S, H, W).
    """
    shared = Dataset()
    shared.FrameAnatomySequence = Sequence([item(FrameLaterality='L')])
    shared.PixelMeasuresSequence = Sequence([item(PixelSpacing=[0.1, 0.1], SliceThickness=1.0)])
    defaults = {
        'NumberOfFrames': len(pixels),
        'SharedFunctionalGroupsSequence': Sequence([shared]),
        'ViewCodeSequence': Sequence([code('399162004', 'SCT', 'cranio-caudal')]),
    }
    return _image(pixels, BREAST_TOMOSYNTHESIS, {**defaults, **elements})


def ct_slices(pixels: np.ndarray, **elements) -> list[Dataset]:
    """A volume as one data set a slice, 1 mm apart along z.

    Args:
        pixels: (S, H, W).
    """
    series = generate_uid()
    common = {
        'SeriesInstanceUID': series, 'ImageLaterality': 'R', 'ViewPosition': 'MLO', 'BodyPartExamined': 'BREAST',
        'Modality': 'CT', 'ImageOrientationPatient': [1, 0, 0, 0, 1, 0],
    }  # fmt: skip
    return [
        _image(
            frame, CT_IMAGE, {**common, 'InstanceNumber': n + 1, 'ImagePositionPatient': [0, 0, float(n)], **elements}
        )
        for n, frame in enumerate(pixels)
    ]


def save(dataset: Dataset, path: Path) -> Path:
    """Writes a data set as a DICOM file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
    return path


def item(**elements) -> Dataset:
    """A data set of these elements, for sequences."""
    dataset = Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def code(value: str, scheme: str, meaning: str, **elements) -> Dataset:
    """A code sequence item."""
    return item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning, **elements)


def gradient(shape: tuple[int, ...], bits: int = 12) -> np.ndarray:
    """Values that differ everywhere, from 0 to the largest of ``bits``."""
    count = int(np.prod(shape))
    return np.linspace(0, 2**bits - 1, count).astype(np.uint8 if bits == 8 else np.uint16).reshape(shape)


def _image(pixels: np.ndarray, sop_class: str, elements: dict) -> Dataset:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    defaults = {
        'SOPClassUID': sop_class, 'SOPInstanceUID': generate_uid(), 'StudyInstanceUID': '1.2.3', 'StudyID': 'DBT-S1',
        'SeriesInstanceUID': generate_uid(), 'Modality': 'MG', 'PatientID': 'DBT-P1', 'PatientName': PATIENT_NAME,
        'PatientBirthDate': BIRTH_DATE, 'Manufacturer': 'HOLOGIC, Inc.', 'PresentationIntentType': 'FOR PRESENTATION',
        'Rows': pixels.shape[-2], 'Columns': pixels.shape[-1], 'SamplesPerPixel': 1,
        'PhotometricInterpretation': 'MONOCHROME2', 'BitsAllocated': 8 * pixels.itemsize,
        'BitsStored': 8 if pixels.itemsize == 1 else 12, 'PixelRepresentation': int(pixels.dtype.kind == 'i'),
    }  # fmt: skip
    values = {**defaults, **elements}
    if values.get('BitsStored'):
        values.setdefault('HighBit', values['BitsStored'] - 1)
    dataset.PixelData = pixels.tobytes()
    dataset['PixelData'].VR = 'OB' if pixels.itemsize == 1 else 'OW'
    for keyword, value in values.items():
        if value is not None:
            setattr(dataset, keyword, value)
        elif keyword in dataset:
            delattr(dataset, keyword)
    dataset.file_meta.MediaStorageSOPClassUID = sop_class
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.get('SOPInstanceUID', '1.2')
    return dataset


def compressed(dataset: Dataset, syntax: str) -> Dataset:
    """The data set with its frames encoded in JPEG 2000 Lossless, JPEG Lossless or, by pydicom, another syntax."""
    if syntax == JPEG2000Lossless:
        frames = [
            encode_array(np.ascontiguousarray(frame), bits_stored=dataset.BitsStored, photometric_interpretation=2)
            for frame in _frames(dataset)
        ]
    elif syntax == JPEGLosslessSV1:
        frames = [_encode_jpeg_lossless(dataset, frame) for frame in _frames(dataset)]
    else:
        dataset.compress(syntax, generate_instance_uid=False)
        return dataset
    dataset.PixelData = encapsulate(frames)
    dataset['PixelData'].VR = 'OB'
    dataset['PixelData'].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = syntax
    return dataset


def _frames(dataset: Dataset) -> np.ndarray:
    return dataset.pixel_array.reshape(-1, dataset.Rows, dataset.Columns)


def _encode_jpeg_lossless(dataset: Dataset, frame: np.ndarray) -> bytes:
    """Encodes by transcoding a file of one frame with GDCM."""
    single = mammogram(frame, BitsStored=dataset.BitsStored)
    with TemporaryDirectory() as folder:
        raw, packed = Path(folder) / 'raw.dcm', Path(folder) / 'packed.dcm'
        save(single, raw)
        reader, writer, change = gdcm.ImageReader(), gdcm.ImageWriter(), gdcm.ImageChangeTransferSyntax()
        reader.SetFileName(str(raw))
        assert reader.Read()
        change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
        change.SetInput(reader.GetImage())
        assert change.Change()
        writer.SetFile(reader.GetFile())
        writer.SetImage(change.GetOutput())
        writer.SetFileName(str(packed))
        assert writer.Write()
        return next(generate_frames(dcmread(packed).PixelData, number_of_frames=1))


def stored_breast(side: str = 'L', shape: tuple[int, int] = (80, 64), top: int = 3000) -> np.ndarray:
    """(H, W) uint16: a half-round breast at the edge of its side, denser towards the head, darker air."""
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(float)
    inside = ((rows / shape[0] - 0.5) / 0.42) ** 2 + (columns / shape[1] / 0.7) ** 2 < 1
    shade = 0.9 - 0.5 * rows / shape[0] + 0.05 * np.sin(columns)
    pixels = (np.where(inside, shade, 0.0) * top).astype(np.uint16)
    return pixels if side == 'L' else pixels[:, ::-1].copy()
