"""One breast as every vendor shows it, for pictures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .acquisition import expose_mammogram
from .anatomy import BodySize, sample_breast
from .compression import compress
from .findings import Finding, FindingShape
from .lesion_rendering import render_finding
from .presentation import present_projection
from .settings import read_preset
from .tissue import ViewTissue
from .vendor_style import VENDOR_STYLES

_LARGEST = 2**16 - 1


def compare_vendors(preset: str, size: str, seed: int) -> dict[str, np.ndarray]:
    """The MLO of one breast with a spiculated mass in the style of each vendor.

    Args:
        preset: whose styles, such as ``vendors``.
        size: of the image before air is cut away, such as ``384x256x24``.
        seed: the same seed gives the same breast.

    Returns:
        Code of the vendor to (H, W) in 0..1, air cut away.
    """
    settings = read_preset(preset).resized(size)
    rng = np.random.default_rng(seed)
    view = compress(sample_breast(rng, BodySize.sample(rng), 'C'), 'MLO', settings.imaging)
    finding = Finding('', True, FindingShape.SPICULATED, (0.45, 0.1, 0.1), 7.0, 1.8, seed)
    tissue, patch = ViewTissue(view, settings.imaging, rng), render_finding(finding, view)
    images = {}
    for code, plain in VENDOR_STYLES.items():
        style = replace(plain.spread(settings.vendor_spread), ffdm_bits=16)
        exposed = expose_mammogram(tissue, [patch], settings.imaging, style, np.random.default_rng(seed))
        images[code] = present_projection(exposed, view, style) / _LARGEST
    rows, columns = np.nonzero(view.skin_distance_mm > 0)
    return {code: image[rows.min() : rows.max() + 1, : columns.max() + 1] for code, image in images.items()}
