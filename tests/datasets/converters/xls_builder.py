"""Workbooks of the oldest .xls format (BIFF2), which needs no package to write."""

from __future__ import annotations

import struct
from pathlib import Path


def write_xls(path: Path, rows: list[list]) -> Path:
    """Writes texts and numbers; None leaves a cell empty."""
    stream = _record(0x0009, struct.pack('<HH', 2, 0x10))
    for row, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            place = struct.pack('<HH3x', row, column)
            if isinstance(cell, str):
                text = cell.encode('latin-1')
                stream += _record(0x0004, place + struct.pack('<B', len(text)) + text)
            elif cell is not None:
                stream += _record(0x0003, place + struct.pack('<d', cell))
    path.write_bytes(stream + _record(0x000A, b''))
    return path


def _record(kind: int, content: bytes) -> bytes:
    return struct.pack('<HH', kind, len(content)) + content
