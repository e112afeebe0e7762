"""Draws one phantom breast as the six vendors of the preset ``vendors`` show it.

python projects/msvcl/vendors_figure.py projects/msvcl/vendors.png
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import matplotlib
import numpy as np

from mammo_plugins.datasets.phantom.acquisition import expose_mammogram
from mammo_plugins.datasets.phantom.anatomy import BodySize, sample_breast
from mammo_plugins.datasets.phantom.compression import compress
from mammo_plugins.datasets.phantom.findings import Finding, FindingShape
from mammo_plugins.datasets.phantom.lesion_rendering import render_finding
from mammo_plugins.datasets.phantom.presentation import present_projection
from mammo_plugins.datasets.phantom.settings import read_preset
from mammo_plugins.datasets.phantom.tissue import ViewTissue
from mammo_plugins.datasets.phantom.vendor_style import VENDOR_STYLES

matplotlib.use('Agg')
from matplotlib import pyplot as plt

SEEN = 'ABC'


def draw_breast(preset: str, size: str, seed: int) -> dict[str, np.ndarray]:
    """Vendor to the MLO of the same breast with a spiculated mass, (H, W) in 0..1, air cut away."""
    settings = read_preset(preset).resized(size)
    rng = np.random.default_rng(seed)
    view = compress(sample_breast(rng, BodySize.sample(rng), 'C'), 'MLO', settings.imaging)
    finding = Finding('', True, FindingShape.SPICULATED, (0.45, 0.1, 0.1), 7.0, 1.8, seed)
    tissue, patch = ViewTissue(view, settings.imaging, rng), render_finding(finding, view)
    images = {}
    for code, plain in VENDOR_STYLES.items():
        style = replace(plain.spread(settings.vendor_spread), ffdm_bits=16)
        exposed = expose_mammogram(tissue, [patch], settings.imaging, style, np.random.default_rng(seed))
        images[code] = present_projection(exposed, view, style) / (2**16 - 1)
    rows, columns = np.nonzero(view.skin_distance_mm > 0)
    return {code: image[rows.min() : rows.max() + 1, : columns.max() + 1] for code, image in images.items()}


def main() -> None:
    """Writes the picture: above as the presets had it so far, below the far styles."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('out', help='png')
    parser.add_argument('--seed', type=int, default=3)
    parser.add_argument('--size', default='384x256x24')
    args = parser.parse_args()
    figure, axes = plt.subplots(2, len(VENDOR_STYLES), figsize=(1.6 * len(VENDOR_STYLES), 6.2), squeeze=False)
    for line, preset in zip(axes, ('demo', 'vendors')):
        for axis, (code, image) in zip(line, draw_breast(preset, args.size, args.seed).items()):
            axis.imshow(image, cmap='gray', vmin=0, vmax=1)
            axis.set_xticks([])
            axis.set_yticks([])
            axis.set_title(f'{code}, {"seen" if code in SEEN else "unseen"}', fontsize=9)
        line[0].set_ylabel(f'preset {preset}')
    figure.tight_layout()
    figure.savefig(args.out, dpi=80)


if __name__ == '__main__':
    main()
