"""Deflated files are unpacked within a limit, and give what the same file gives without deflation."""

from __future__ import annotations

import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian

from mammo_plugins.io import UnreadableImageError, deflated_file
from mammo_plugins.io.deflated_file import inflate_dicom
from mammo_plugins.io.dicom import DicomFile
from tests.io.dicom_builder import dbt_volume, gradient, mammogram, save


def deflated(dataset, path):
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    return save(dataset, path)


def packed_part(content: bytes) -> int:
    """Where the deflated content starts: behind group 2, whose length is its first element."""
    return 144 + struct.unpack('<L', content[140:144])[0]


def reason_of(path) -> str:
    with pytest.raises(UnreadableImageError) as caught:
        DicomFile(path)
    assert caught.value.path == path
    return caught.value.reason


def test_file_that_is_not_deflated_is_left_alone(tmp_path):
    assert inflate_dicom(save(mammogram(), tmp_path / 'a.dcm')) is None


def test_header_keeps_the_transfer_syntax_of_the_file(tmp_path):
    header = DicomFile(deflated(mammogram(), tmp_path / 'a.dcm')).header
    assert header.transfer_syntax_uid == DeflatedExplicitVRLittleEndian and header.pixel_problem is None


@pytest.mark.parametrize('block', [1, 7, 1000, 1 << 20])
def test_frames_are_the_same_in_blocks_of_any_size(tmp_path, monkeypatch, block):
    monkeypatch.setattr(deflated_file, '_BLOCK_BYTES', block)
    pixels = gradient((3, 40, 36))
    path = deflated(dbt_volume(pixels), tmp_path / 'a.dcm')
    np.testing.assert_array_equal(list(DicomFile(path).iter_slices([2, 0], 'none')), pixels[[2, 0]] / np.float32(4095))


def test_bomb_is_refused_before_it_fills_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(deflated_file, 'MAX_INFLATED_BYTES', 4_000_000)
    path = deflated(mammogram(), tmp_path / 'a.dcm')
    content = path.read_bytes()
    start = packed_part(content)
    plain = zlib.decompress(content[start:], -zlib.MAX_WBITS)
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    path.write_bytes(content[:start] + packer.compress(plain + bytes(300_000_000)) + packer.flush())
    tracemalloc.start()
    assert 'holds more than 4000000 bytes when unpacked: store it without deflation' in reason_of(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert path.stat().st_size < 400_000 and peak < 20_000_000


def test_truncated_content_is_refused(tmp_path):
    path = deflated(mammogram(), tmp_path / 'a.dcm')
    path.write_bytes(path.read_bytes()[:-10])
    assert reason_of(path) == 'truncated: the deflated content does not end'


def test_broken_content_is_refused(tmp_path):
    path = deflated(mammogram(), tmp_path / 'a.dcm')
    content = path.read_bytes()
    start = packed_part(content)
    path.write_bytes(content[:start] + b'\xff' * 40 + content[start + 40 :])
    assert reason_of(path) == 'the deflated content is broken'


def test_fewer_pixels_than_announced_are_refused_by_the_header(tmp_path):
    path = deflated(mammogram(Rows=5000, Columns=5000), tmp_path / 'a.dcm')
    assert DicomFile(path).header.pixel_problem.startswith('truncated: rows, columns and frames need 50000000 bytes')
