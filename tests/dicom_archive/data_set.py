"""What two DICOM files have in common whatever node wrote their file meta information."""

from __future__ import annotations

from pydicom import dcmread
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_preamble


def data_set_bytes(data: bytes) -> bytes:
    """A file's bytes behind the preamble and the file meta information."""
    stream = DicomBytesIO(data)
    read_preamble(stream, force=False)
    meta = dcmread(DicomBytesIO(data), stop_before_pixels=True).file_meta
    return data[stream.tell() + 12 + meta.FileMetaInformationGroupLength :]
