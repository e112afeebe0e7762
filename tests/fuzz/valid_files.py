"""Valid images to damage: small, of every transfer syntax that can be written here, and the same bytes in every run."""

from __future__ import annotations

from io import BytesIO

import gdcm
import numpy as np
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from tests.io.dicom_builder import code, compressed, ct_slices, dbt_volume, gradient, item, mammogram

SHAPE = (3, 40, 36)
UNCOMPRESSED = (
    ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian,
)  # fmt: skip
COMPRESSED = (
    RLELossless, JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless, JPEGBaseline8Bit, JPEGExtended12Bit,
)  # fmt: skip


def valid_dicom_files() -> dict[str, bytes]:
    """A mammogram and a volume of each transfer syntax, with everything in their headers that is ever read."""
    files = {}
    for syntax in UNCOMPRESSED + COMPRESSED:
        eight_bits = syntax in (JPEGBaseline8Bit, JPEGExtended12Bit)
        pixels = gradient(SHAPE, bits=8 if eight_bits else 12)
        for name, dataset in (('mammogram', _mammogram(pixels[1])), ('volume', _volume(pixels))):
            dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
            files[f'{name} {syntax.name}'] = _to_bytes(_in_syntax(dataset, syntax))
    return files


def valid_slices() -> dict[str, bytes]:
    """A volume as one file a slice."""
    slices = ct_slices(gradient((4, 12, 10)), SeriesInstanceUID='1.2.840.1')
    for number, dataset in enumerate(slices):
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f'1.2.840.2.{number}'
    return {f'{number}.dcm': _to_bytes(dataset) for number, dataset in enumerate(slices)}


def valid_png_files() -> dict[str, bytes]:
    """8 and 16 bits, plain and interlaced content, with text."""
    files = {}
    for bits in (8, 16):
        stream = BytesIO()
        Image.fromarray(gradient((24, 20), bits)).save(stream, format='PNG')
        files[f'{bits} bits'] = stream.getvalue()
    return files


def _mammogram(pixels: np.ndarray) -> Dataset:
    bits = 8 * pixels.itemsize if pixels.itemsize == 1 else 12
    table = item(LUTDescriptor=[4, 0, 12], LUTData=[0, 1000, 2000, 4095])
    table['LUTDescriptor'].VR = table['LUTData'].VR = 'US'
    view = code('399162004', 'SCT', 'cranio-caudal', ViewModifierCodeSequence=Sequence([code('399163009', 'SCT', 'm')]))
    return mammogram(
        pixels, SOPInstanceUID='1.2.840.3', SeriesInstanceUID='1.2.840.4', BitsStored=bits,
        ImageType=['ORIGINAL', 'PRIMARY'], SeriesDescription='L CC', PatientOrientation=['A', 'R'],
        ImagerPixelSpacing=[0.07, 0.07], EstimatedRadiographicMagnificationFactor='1.07', WindowCenter=[2048, 1000],
        WindowWidth=[4096, 2000], VOILUTFunction='LINEAR', RescaleSlope=1, RescaleIntercept=0, PixelPaddingValue=0,
        PixelPaddingRangeLimit=3, VOILUTSequence=Sequence([table]), ViewCodeSequence=Sequence([view]),
        BreastImplantPresent='NO', BodyPartExamined='BREAST', InstanceNumber=1, SliceThickness='50',
        AnatomicRegionSequence=Sequence([code('76752008', 'SCT', 'Breast')]),
    )  # fmt: skip


def _volume(pixels: np.ndarray) -> Dataset:
    bits = 8 if pixels.itemsize == 1 else 12
    dataset = dbt_volume(
        pixels, SOPInstanceUID='1.2.840.5', SeriesInstanceUID='1.2.840.6', BitsStored=bits,
        PerFrameFunctionalGroupsSequence=Sequence([_frame_groups(index) for index in range(len(pixels))]),
    )  # fmt: skip
    dataset.SharedFunctionalGroupsSequence[0].PixelValueTransformationSequence = Sequence(
        [item(RescaleSlope=1, RescaleIntercept=0)]
    )
    return dataset


def _frame_groups(index: int) -> Dataset:
    return item(
        FrameVOILUTSequence=Sequence([item(WindowCenter=2000 + index, WindowWidth=1000)]),
        PlanePositionSequence=Sequence([item(ImagePositionPatient=[0, 0, float(index)])]),
    )


def _in_syntax(dataset: Dataset, syntax: str) -> Dataset:
    if syntax in (JPEGBaseline8Bit, JPEGExtended12Bit):
        return _as_jpeg(dataset, syntax)
    if syntax in COMPRESSED:
        if syntax == JPEGLosslessSV1:
            gdcm.Trace.WarningOff()
        return compressed(dataset, syntax)
    if syntax == ExplicitVRBigEndian:
        dataset.PixelData = np.frombuffer(dataset.PixelData, '<u2').byteswap().tobytes()
    dataset.file_meta.TransferSyntaxUID = syntax
    return dataset


def _as_jpeg(dataset: Dataset, syntax: str) -> Dataset:
    """JPEG of 8 bits, which is all that Pillow writes; as JPEG Extended it is allowed too."""
    frames = []
    for frame in dataset.pixel_array.reshape(-1, dataset.Rows, dataset.Columns):
        stream = BytesIO()
        Image.fromarray(frame).save(stream, format='JPEG', quality=95)
        frames.append(stream.getvalue())
    dataset.PixelData = encapsulate(frames)
    dataset['PixelData'].VR = 'OB'
    dataset['PixelData'].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = syntax
    return dataset


def _to_bytes(dataset: Dataset) -> bytes:
    stream = BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    content = stream.getvalue()
    dcmread(BytesIO(content)).decode()
    return content
