"""Draws what each of the five methods reads and gives, on phantoms that no model has seen.

    python docs/methods_figure.py docs/images/methods.png

What the two ready models find is theirs; where no trained model is at hand (GLAM, DisAsymNet) the truth of the phantom
stands for what the method is to give, and its title says so.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib
import numpy as np
from PIL import Image
from pycocotools import mask as coco_mask

from mammo_plugins.apis.convert import convert_dataset
from mammo_plugins.apis.normals.truth import read_twins
from mammo_plugins.apis.phantoms import make_phantoms
from mammo_plugins.apis.predict import predict
from mammo_plugins.apis.stored_images import open_canonical
from mammo_plugins.datasets.phantom.vendor_comparison import compare_vendors
from mammo_plugins.evaluation import read_predictions
from mammo_plugins.io import AnnotationSet, FindingRecord, ImageRecord, read_annotations, read_mammogram
from mammo_plugins.visualization.figure_files import PREDICTION_COLOUR, TRUTH_COLOUR
from mammo_plugins.visualization.hanging import hang_pixels

matplotlib.use('Agg')
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

HEIGHT, TITLES, GAP = 3.0, 0.45, 0.12  # inches: of the tallest picture, above it, beside it
DOTS_PER_INCH = 90
AIR = 0.02  # intensities up to this are no breast
VENDORS, VENDOR_SEED = 'ACE', 3
LEAST_OVERLAP = 0.25  # of a finding that a model found


def main() -> None:
    """Writes the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('out', help='png')
    parser.add_argument('--seed', type=int, default=77, help='of the phantoms (default: %(default)s)')
    parser.add_argument('--size', default='384x256x24', help='of the phantoms (default: %(default)s)')
    args = parser.parse_args()
    figure, axes = plt.subplots(1, 5, facecolor='black')
    with TemporaryDirectory() as folder:
        breasts = make_breasts(Path(folder, 'breasts'), args.seed, 'demo', args.size, cases=3)
        pairs = make_breasts(Path(folder, 'pairs'), args.seed, 'symmetric', args.size, cases=2)
        draw_found(axes[0], breasts, 'DBT', 'mm3d-phantoms', 'M&M-3D\nboxes in volumes')
        draw_found(axes[1], breasts, 'SM', 'fused-efficientdet-phantoms', 'SM/FFDM fusion\nboxes in SM')
        draw_vendors(axes[2], args.size)
        draw_outline(axes[3], breasts)
        draw_normal(axes[4], pairs)
        place(figure, axes)
        drawn = Path(folder, 'drawn.png')
        figure.savefig(drawn, dpi=DOTS_PER_INCH)
        colours = Image.open(drawn).convert('RGB').quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        colours.save(args.out, optimize=True)


def place(figure: Figure, axes: Sequence[Axes]) -> None:
    """Gives all pictures one height, side by side."""
    widths = [HEIGHT * np.ptp(axis.get_xlim()) / np.ptp(axis.get_ylim()) for axis in axes]
    whole = (sum(widths) + GAP * (len(widths) + 1), HEIGHT + TITLES + GAP)
    figure.set_size_inches(whole)
    left = GAP
    for axis, width in zip(axes, widths):
        axis.set_position([left / whole[0], GAP / whole[1], width / whole[0], HEIGHT / whole[1]])
        axis.axis('off')
        left += width + GAP


def make_breasts(folder: Path, seed: int, preset: str, size: str, cases: int) -> AnnotationSet:
    """Patients of whom most have a malignant finding in each breast, with their annotations."""
    overrides = {'finding.malignant_share': 0.9, 'finding.benign_share': 0.0, 'finding.unannotated_share': 0.0}
    make_phantoms(
        folder / 'dicom', cases, seed, preset=preset, size=size, split=(0, 0, 1), workers=2, overrides=overrides
    )
    convert_dataset('phantom', folder / 'dicom', folder / 'phantoms.json')
    return read_annotations(folder / 'phantoms.json')


def shown_images(annotations: AnnotationSet, modality: str) -> list[ImageRecord]:
    """Left MLO views with a malignant finding, that with the largest first; their chest wall lies at the left."""
    images = [
        image
        for image in annotations.select(modality=modality).images
        if image.view == 'L-MLO' and not image.rotated_180 and malignant_finding(annotations, image) is not None
    ]
    return sorted(images, key=lambda image: -area(malignant_finding(annotations, image)))


def malignant_finding(annotations: AnnotationSet, image: ImageRecord) -> FindingRecord | None:
    """The largest."""
    found = [finding for finding in annotations.findings_of(image.id) if finding.category == 'malignant']
    return max(found, key=area, default=None)


def area(finding: FindingRecord) -> float:
    """Of its box, pixels."""
    return finding.bbox_xywh[2] * finding.bbox_xywh[3]


def draw_found(axis: Axes, annotations: AnnotationSet, modality: str, model: str, title: str) -> None:
    """Of the views, that whose best finding by a ready model is a true one with the highest score."""
    hits = []
    for image in shown_images(annotations, modality):
        with TemporaryDirectory() as out:
            predict(annotations.resolve_path(image), out=out, model=model)
            found = read_predictions(Path(out, 'predictions.csv'))
        best = int(found.scores.argmax())
        box, truth = found.boxes_xywh[best], np.array(malignant_finding(annotations, image).bbox_xywh)
        if overlap(box, truth) >= LEAST_OVERLAP:
            hits.append((found.scores[best], image, box, truth, int(found.z[best])))
    if not hits:
        raise ValueError(f'{model} finds no malignant finding: take another --seed')
    score, image, box, truth, slice_index = max(hits, key=lambda hit: hit[0])
    show(axis, read_slice(annotations, image, slice_index), title)
    add_box(axis, truth, TRUTH_COLOUR, linestyle='--')
    add_box(axis, box, PREDICTION_COLOUR)
    where = f'slice {slice_index} of {image.num_slices}\n' if image.num_slices > 1 else ''
    add_text(axis, f'{where}score {score:.2f}')


def overlap(first: np.ndarray, second: np.ndarray) -> float:
    """Intersection over union of two boxes (x, y, width, height)."""
    return float(coco_mask.iou(first[None], second[None], [0])[0, 0])


def draw_vendors(axis: Axes, size: str) -> None:
    """One breast as several vendors show it."""
    images = compare_vendors('vendors', size, VENDOR_SEED)
    show(axis, np.hstack([images[code] for code in VENDORS]), 'MSVCL v2\none breast, three vendors: one representation')


def draw_outline(axis: Axes, annotations: AnnotationSet) -> None:
    """A mammogram and the outline that its label alone is to give."""
    image = shown_images(annotations, 'FFDM')[0]
    show(axis, read_slice(annotations, image, 0), 'GLAM\nlabel to outline (truth)')
    mask = coco_mask.decode(malignant_finding(annotations, image).segmentation)
    axis.contour(mask, levels=[0.5], colors=[TRUTH_COLOUR], linewidths=1.2)
    add_text(axis, 'label:\nmalignant')


def draw_normal(axis: Axes, annotations: AnnotationSet) -> None:
    """A pair of breasts as they are hung, and the abnormal side as it would be without its finding."""
    left = shown_images(annotations, 'FFDM')[0]
    right = next(
        image
        for image in annotations.images
        if image.patient_id == left.patient_id and image.modality == 'FFDM' and image.view == 'R-MLO'
    )
    twin = read_twins(annotations)[annotations.resolve_path(left).resolve()]
    hung = hang_pixels(without_air(read_slice(annotations, right, 0)), right.view)
    sides = [hung, without_air(read_slice(annotations, left, 0)), without_air(read_mammogram(twin).pixels)]
    show(axis, np.hstack(sides), 'DisAsymNet\nright, left; left without its finding (truth)')
    box = np.array(malignant_finding(annotations, left).bbox_xywh)
    add_box(axis, box + [hung.shape[1], 0, 0, 0], TRUTH_COLOUR, linestyle='--')


def show(axis: Axes, pixels: np.ndarray, title: str) -> None:
    """A picture under its method, and what goes in and comes out."""
    axis.imshow(without_air(pixels), cmap='gray', vmin=0, vmax=1)
    axis.set_title(title, color='white', fontsize=8)


def without_air(pixels: np.ndarray) -> np.ndarray:
    """(H, W) pixels up to the last column that shows breast."""
    return pixels[:, : int(np.nonzero((pixels > AIR).any(axis=0))[0].max()) + 2]


def read_slice(annotations: AnnotationSet, image: ImageRecord, slice_index: int) -> np.ndarray:
    """(H, W) intensities in 0..1, the chest wall at the left."""
    source, flips = open_canonical(annotations, image)
    return flips.apply(next(iter(source.iter_slices([slice_index]))))


def add_box(axis: Axes, box_xywh: np.ndarray, colour: str, linestyle: str = '-') -> None:
    """A box around a finding, a little larger than it."""
    x, y, width, height = box_xywh + np.array([-3, -3, 6, 6])
    axis.add_patch(Rectangle((x, y), width, height, fill=False, edgecolor=colour, linestyle=linestyle, linewidth=1.2))


def add_text(axis: Axes, text: str) -> None:
    """A line in the dark corner opposite the chest wall."""
    axis.text(0.99, 0.01, text, color='white', fontsize=7, ha='right', va='bottom', transform=axis.transAxes)


if __name__ == '__main__':
    main()
