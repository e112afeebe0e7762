"""Frames to the bytes of a DICOM transfer syntax."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import (
    DigitalMammographyXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
)

_GREYSCALE = 2


def encode_frames(frames: Iterable[np.ndarray], bits_stored: int, syntax: str) -> bytes:
    """Value of Pixel Data for frames of uint16 (H, W), each encoded as it arrives.

    Raises:
        ValueError: no encoder for the transfer syntax.
    """
    if syntax == ExplicitVRLittleEndian:
        return b''.join(np.ascontiguousarray(frame, dtype='<u2').tobytes() for frame in frames)
    if syntax == JPEG2000Lossless:
        return encapsulate([_encode_jpeg2000(frame, bits_stored) for frame in frames])
    if syntax == JPEGLosslessSV1:
        return encapsulate([_encode_jpeg_lossless(frame, bits_stored) for frame in frames])
    raise ValueError(
        f'no encoder for transfer syntax {syntax!r}: use Explicit VR Little Endian, JPEG 2000 lossless or '
        'JPEG Lossless Process 14 SV1'
    )


def _encode_jpeg2000(frame: np.ndarray, bits_stored: int) -> bytes:
    from openjpeg.utils import encode_array

    return encode_array(np.ascontiguousarray(frame), bits_stored=bits_stored, photometric_interpretation=_GREYSCALE)


def _encode_jpeg_lossless(frame: np.ndarray, bits_stored: int) -> bytes:
    """Encodes with GDCM, which works on whole files: a minimal one is written and transcoded."""
    import gdcm

    with tempfile.TemporaryDirectory() as folder:
        raw, packed = Path(folder) / 'raw.dcm', Path(folder) / 'packed.dcm'
        _minimal_image(frame, bits_stored).save_as(raw, enforce_file_format=True)
        reader = gdcm.ImageReader()
        reader.SetFileName(str(raw))
        change = gdcm.ImageChangeTransferSyntax()
        change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
        writer = gdcm.ImageWriter()
        writer.SetFileName(str(packed))
        if not reader.Read():
            raise RuntimeError(f'GDCM could not read a {frame.shape} frame of {bits_stored} bits back')
        change.SetInput(reader.GetImage())
        if not change.Change():
            raise RuntimeError(f'GDCM could not encode a {frame.shape} frame of {bits_stored} bits as JPEG Lossless')
        writer.SetFile(reader.GetFile())
        writer.SetImage(change.GetOutput())
        if not writer.Write():
            raise RuntimeError(f'GDCM could not write {packed}')
        return next(generate_frames(pydicom.dcmread(packed).PixelData, number_of_frames=1))


def _minimal_image(frame: np.ndarray, bits_stored: int) -> Dataset:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = DigitalMammographyXRayImageStorageForPresentation
    dataset.SOPInstanceUID = '2.25.1'
    dataset.Modality = 'MG'
    dataset.Rows, dataset.Columns = frame.shape
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = 'MONOCHROME2'
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, bits_stored, bits_stored - 1
    dataset.PixelRepresentation = 0
    dataset.PixelData = np.ascontiguousarray(frame, dtype='<u2').tobytes()
    return dataset
