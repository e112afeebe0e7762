"""Where the slices of a volume lie in the patient's coordinates (x to the left, y to the back, z to the head).

The origin is the middle of the chest wall on the detector's side. Each view has a frame of reference of its own, as the
breast is compressed anew.

Source: PS3.3 C.7.6.2.1.1.
"""

from __future__ import annotations

import numpy as np

from .dicom_identity import ImageIdentity
from .pixel_grid import PixelGrid

_OBLIQUE = np.sqrt(0.5)
"""MLO looks along a direction turned by 45 degrees, see ``compression.py``."""


def image_orientation(identity: ImageIdentity) -> np.ndarray:
    """Image Orientation (Patient): directions of growing columns and of growing rows, (2, 3)."""
    along_row = np.array([0.0, 1.0 if identity.mirrored else -1.0, 0.0])
    medial = 1.0 if identity.mirrored else -1.0
    along_column = np.array([medial, 0.0, 0.0])
    if identity.position == 'MLO':
        along_column = np.array([medial * _OBLIQUE, 0.0, -_OBLIQUE])
    return np.stack([along_row, along_column])


def slice_positions(identity: ImageIdentity, grid: PixelGrid, num_slices: int) -> np.ndarray:
    """Image Position (Patient): centre of the first pixel of each slice in mm, (S, 3), from below upwards."""
    along_row, along_column = image_orientation(identity)
    upwards = -np.cross(along_row, along_column)
    columns_before_wall = grid.columns if identity.mirrored else 0
    corner = grid.pixel_mm * ((0.5 - columns_before_wall) * along_row + (0.5 - grid.rows / 2) * along_column)
    heights_mm = (np.arange(num_slices) + 0.5) * grid.thickness_mm / num_slices
    return corner + heights_mm[:, None] * upwards
