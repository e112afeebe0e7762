"""Saliency as a picture that lies over an image: transparent where there is none."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

# From faint to certain: dark red, orange, pale yellow; told apart from a grey image, from boxes and by brightness.
_WARM = np.array([[96, 0, 64], [190, 24, 60], [245, 110, 20], [255, 200, 40], [255, 250, 190]])
_COOL = np.array([[20, 0, 110], [30, 70, 200], [20, 150, 230], [70, 220, 240], [210, 255, 250]])
_COLOURS_OF_CLASS = {'benign': _COOL}  # of classes that are shown together with others, which are warm
_LEVELS = 256


def overlay_url(levels: np.ndarray, category: str = '') -> str:
    """A PNG as a data URL, as opaque as the saliency is high, so that its alpha channel holds the levels exactly.

    Args:
        levels: (H, W) uint8 saliency, 255 for 1.
        category: the class that it speaks of; it decides about the colours.
    """
    image = Image.fromarray(levels)
    palette = _palette(_COLOURS_OF_CLASS.get(category, _WARM))
    image.putpalette(palette.tobytes())  # its levels are places in the palette from now on
    buffer = io.BytesIO()
    image.save(buffer, format='PNG', optimize=True, transparency=bytes(range(_LEVELS)))
    return 'data:image/png;base64,' + base64.b64encode(buffer.getvalue()).decode('ascii')


def _palette(colours: np.ndarray) -> np.ndarray:
    """(256, 3) uint8 colours."""
    at = np.linspace(0, len(colours) - 1, _LEVELS)
    columns = [np.interp(at, np.arange(len(colours)), channel) for channel in colours.T]
    return np.stack(columns, axis=1).round().astype(np.uint8)
