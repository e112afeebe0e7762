"""Small MetaImage files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

TYPES = {'u1': 'MET_UCHAR', 'u2': 'MET_USHORT', 'f4': 'MET_FLOAT', 'f8': 'MET_DOUBLE'}


def meta_header(sizes, kind='MET_DOUBLE', data='x.raw', **fields) -> str:
    """A header; a field of value None is left out."""
    lines = {
        'ObjectType': 'Image', 'NDims': len(sizes), 'BinaryData': 'True', 'CompressedData': 'False',
        'ElementSpacing': ' '.join(['0.1', '0.2', '1.5'][: len(sizes)]), 'DimSize': ' '.join(map(str, sizes)),
        'AnatomicalOrientation': '???', 'ElementType': kind, **fields, 'ElementDataFile': data,
    }  # fmt: skip
    return ''.join(f'{key} = {value}\n' for key, value in lines.items() if value is not None)


def save_meta_image(path: Path, values: np.ndarray, sizes=None, **fields) -> Path:
    """An ``.mhd`` with its ``.raw``; ``values`` are (Z, Y, X) or (Y, X) unless ``sizes`` says otherwise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    values.tofile(path.with_suffix('.raw'))
    if values.dtype.byteorder == '>':
        fields = {'ElementByteOrderMSB': 'True', **fields}
    sizes = values.shape[::-1] if sizes is None else sizes
    kind = fields.pop('kind', TYPES[values.dtype.str[1:]])
    path.write_text(meta_header(sizes, kind, path.with_suffix('.raw').name, **fields))
    return path
