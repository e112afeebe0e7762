"""Draws one phantom breast as the six vendors of the preset ``vendors`` show it.

python projects/msvcl/vendors_figure.py projects/msvcl/vendors.png
"""

from __future__ import annotations

import argparse

import matplotlib

from mammo_plugins.datasets.phantom.vendor_comparison import compare_vendors
from mammo_plugins.datasets.phantom.vendor_style import VENDOR_STYLES

matplotlib.use('Agg')
from matplotlib import pyplot as plt

SEEN = 'ABC'


def main() -> None:
    """Writes the picture: above as the presets had it so far, below the far styles."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('out', help='png')
    parser.add_argument('--seed', type=int, default=3)
    parser.add_argument('--size', default='384x256x24')
    args = parser.parse_args()
    figure, axes = plt.subplots(2, len(VENDOR_STYLES), figsize=(1.6 * len(VENDOR_STYLES), 6.2), squeeze=False)
    for line, preset in zip(axes, ('demo', 'vendors')):
        for axis, (code, image) in zip(line, compare_vendors(preset, args.size, args.seed).items()):
            axis.imshow(image, cmap='gray', vmin=0, vmax=1)
            axis.set_xticks([])
            axis.set_yticks([])
            axis.set_title(f'{code}, {"seen" if code in SEEN else "unseen"}', fontsize=9)
        line[0].set_ylabel(f'preset {preset}')
    figure.tight_layout()
    figure.savefig(args.out, dpi=80)


if __name__ == '__main__':
    main()
