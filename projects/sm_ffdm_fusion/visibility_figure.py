"""Draws what FFDM and synthetic mammogram of one phantom breast show differently, each kind beside its pair.

python projects/sm_ffdm_fusion/visibility_figure.py projects/sm_ffdm_fusion/visibility.png
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import matplotlib
import numpy as np

from mammo_plugins.datasets.phantom.acquisition import acquire
from mammo_plugins.datasets.phantom.anatomy import BodySize, sample_breast
from mammo_plugins.datasets.phantom.compression import compress
from mammo_plugins.datasets.phantom.findings import Finding, FindingShape
from mammo_plugins.datasets.phantom.lesion_rendering import render_finding
from mammo_plugins.datasets.phantom.presentation import present_projection
from mammo_plugins.datasets.phantom.reconstruction import synthesize
from mammo_plugins.datasets.phantom.settings import ImagingSettings, VisibilitySettings, read_preset
from mammo_plugins.datasets.phantom.tissue import ViewTissue
from mammo_plugins.datasets.phantom.vendor_style import vendor_style
from mammo_plugins.datasets.phantom.visibility import sample_scene

matplotlib.use('Agg')
from matplotlib import pyplot as plt

IMAGING = ImagingSettings(rows=512, columns=336, slices=40)
HALF_MM = 18
PAIRS = read_preset('pairs').visibility
# Title, the finding's shape or None, and the settings that are on.
KINDS = [
    ('calcifications weaker in SM', FindingShape.FINE_CALCIFICATIONS, ('sm_calcification_contrast',)),
    ('plain mass weaker in SM', FindingShape.IRREGULAR, ('sm_plain_mass_contrast',)),
    ('covered mass weaker in FFDM', FindingShape.SPICULATED, ('covered_masses', 'ffdm_covered_contrast')),
    ('pseudo-distortion in SM', None, ('sm_pseudo_distortions',)),
    ('pseudo-calcifications in SM', None, ('sm_pseudo_calcifications',)),
]


def draw_pair(shape: FindingShape | None, names: tuple[str, ...], seed: int) -> dict[str, np.ndarray]:
    """FFDM and SM around what the kind is about."""
    rng = np.random.default_rng(seed)
    view = compress(sample_breast(rng, BodySize.sample(rng), 'B'), 'CC', IMAGING)
    always = dict(covered_masses=1.0) if 'covered_masses' in names else {}
    pseudo = {name: 4.0 for name in names if name.startswith('sm_pseudo')}
    visibility = VisibilitySettings(**{name: getattr(PAIRS, name) for name in names} | always | pseudo)
    settings = replace(read_preset('pairs'), visibility=visibility, imaging=IMAGING)
    settings = replace(settings, finding=replace(settings.finding, superpositions=0.0))
    patches = []
    if shape is not None:
        small = shape.kind == 'calcification'
        finding = Finding('', True, shape, (0.5, 0.1, 0.1), 5.0 if small else 7.0, 0.6 if small else 1.5, seed)
        patches = [render_finding(finding, view)]
    scene = sample_scene(view, patches, settings, np.random.default_rng(seed), np.random.default_rng(seed))
    shown = patches[0] if patches else scene.sm[-1]
    seen = acquire(ViewTissue(view, IMAGING, rng), scene, IMAGING, vendor_style('C'), rng)
    images = {'FFDM': seen.mammogram, 'SM': synthesize(seen.synthetic, seen.tangents, view, exact_shifts=True)}
    height, width = shown.silhouette.shape
    half = round(HALF_MM / view.pixel_mm)
    row = int(np.clip(shown.top + height // 2, half, IMAGING.rows - half))
    column = int(np.clip(shown.left + width // 2, half, view.columns_used - half))
    region = np.s_[row - half : row + half, column - half : column + half]
    return {name: present_projection(image, view, vendor_style('C'))[region] for name, image in images.items()}


def main() -> None:
    """Writes the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('out', help='png')
    parser.add_argument('--seed', type=int, default=3)
    args = parser.parse_args()
    figure, axes = plt.subplots(2, len(KINDS), figsize=(2.6 * len(KINDS), 5.4), squeeze=False)
    for (title, shape, names), column in zip(KINDS, axes.T):
        pair = draw_pair(shape, names, args.seed)
        for (modality, image), axis in zip(pair.items(), column):
            axis.imshow(image, cmap='gray', vmin=0, vmax=max(one.max() for one in pair.values()))
            axis.set_xticks([])
            axis.set_yticks([])
            axis.set_ylabel(modality)
        column[0].set_title(title, fontsize=9)
    figure.tight_layout()
    figure.savefig(args.out, dpi=80)


if __name__ == '__main__':
    main()
