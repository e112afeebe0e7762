"""JPEG Lossless frames that would end the process inside the decoder are refused before it sees them."""

from __future__ import annotations

import pytest
from pydicom.uid import JPEGLosslessSV1

from mammo_plugins.io.dicom import DicomFile
from tests.io.dicom_builder import compressed, dbt_volume, gradient, save

VOLUME = gradient((3, 40, 36))
FRAME_HEADER = b'\xff\xd8\xff\xc3\x00\x0b\x10\x00\x28\x00\x24\x01'  # 16 bits, 40 rows, 36 columns, 1 component
HUFFMAN_TABLE = b'\x00\xff\xc4\x00'


@pytest.fixture
def volume(tmp_path):
    return save(compressed(dbt_volume(VOLUME), JPEGLosslessSV1), tmp_path / 'a.dcm')


def problem_after(path, old: bytes, new: bytes, frame: int) -> str | None:
    """The problem found after one frame's bytes were changed."""
    parts = path.read_bytes().split(old)
    assert len(parts) == len(VOLUME) + 1
    path.write_bytes(old.join(parts[: frame + 1]) + new + old.join(parts[frame + 1 :]))
    return DicomFile(path).header.pixel_problem


def test_intact_frames_have_no_problem(volume):
    assert DicomFile(volume).header.pixel_problem is None


@pytest.mark.parametrize(
    ('old', 'new', 'problem'),
    [
        (FRAME_HEADER, FRAME_HEADER.replace(b'\x10', b'\xfd'), 'states 253 bits and 1 components'),
        (FRAME_HEADER, FRAME_HEADER[:-1] + b'\x03', 'states 16 bits and 3 components'),
        (
            FRAME_HEADER,
            FRAME_HEADER.replace(b'\x28', b'\x29'),
            '41 rows and 36 columns, the DICOM header',
        ),
        (FRAME_HEADER, FRAME_HEADER.replace(b'\xc3', b'\xc0'), 'marker 0xc0 has no place in a lossless image'),
        (FRAME_HEADER, FRAME_HEADER.replace(b'\xff\xc3', b'\xff\xfe'), 'the JPEG frame header is missing'),
        (HUFFMAN_TABLE, b'\x00\x07\xc4\x00', 'a JPEG marker is broken'),
        (HUFFMAN_TABLE, b'\x00\xff\xc4\xf0', 'reaches over the end of the frame'),
    ],
)
def test_broken_segment_is_named_with_its_frame(volume, old, new, problem):
    found = problem_after(volume, old, new, frame=1)
    assert found.startswith('broken pixel data: frame 2 of 3: ') and problem in found


def test_frame_whose_start_is_lost_is_missed(volume):
    start = FRAME_HEADER[:4]
    assert problem_after(volume, start, b'\x00' + start[1:], 2) == (
        'the header announces 3 frames, the pixel data holds 2'
    )
