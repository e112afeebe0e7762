"""Draws what each of the five methods reads and gives, on phantoms that no model has seen.

    python docs/methods_figure.py docs/images/methods.png

What the two ready models find is theirs; where no trained model is at hand (GLAM, DisAsymNet) the truth of the phantom
stands for what the method is to give, and its title says so.
"""

from __future__ import annotations

import argparse
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
from mammo_plugins.io import AnnotationSet, ImageRecord, read_annotations, read_mammogram
from mammo_plugins.visualization.figure_files import PREDICTION_COLOUR, TRUTH_COLOUR

matplotlib.use('Agg')
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

SIZE, WIDTH = '384x256x24', 11.0  # phantoms; inches
DOTS_PER_INCH, COLOURS = 90, 48
LEAST_OVERLAP = 0.25  # of a finding that a model found


def main() -> None:
    """Writes the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('out', help='png')
    parser.add_argument('--seed', type=int, default=77, help='of the phantoms (default: %(default)s)')
    args = parser.parse_args()
    with TemporaryDirectory() as folder:
        breasts = make_breasts(Path(folder, 'breasts'), args.seed, 'demo', cases=4)
        pairs = make_breasts(Path(folder, 'pairs'), args.seed, 'symmetric', cases=2)
        figure, axes = plt.subplots(1, 5, figsize=(WIDTH, 3.6), width_ratios=[1, 1, 1.6, 1, 1.6], facecolor='black')
        draw_found(axes[0], breasts, 'DBT', 'mm3d-phantoms', 'M&M-3D\nvolume: box, slice, score')
        draw_found(axes[1], breasts, 'SM', 'fused-efficientdet-phantoms', 'SM/FFDM fusion\nsynthetic mammogram: box, score')
        draw_vendors(axes[2], args.seed)
        draw_outline(axes[3], breasts)
        draw_normal(axes[4], pairs)
        for axis in axes:
            axis.axis('off')
        figure.tight_layout(pad=0.4)
        drawn = Path(folder, 'drawn.png')
        figure.savefig(drawn, dpi=DOTS_PER_INCH)
        Image.open(drawn).convert('RGB').quantize(COLOURS, dither=Image.Dither.NONE).save(args.out, optimize=True)


def make_breasts(folder: Path, seed: int, preset: str, cases: int) -> AnnotationSet:
    """Patients who all have a malignant mass, with their annotations."""
    shares = {'finding.malignant_share': 0.9, 'finding.benign_share': 0.0, 'finding.unannotated_share': 0.0} if preset == 'demo' else {}
    make_phantoms(folder / 'dicom', cases, seed, preset=preset, size=SIZE, split=(0, 0, 1), workers=2, overrides=shares)
    convert_dataset('phantom', folder / 'dicom', folder / 'phantoms.json')
    return read_annotations(folder / 'phantoms.json')


def shown_images(annotations: AnnotationSet, modality: str) -> list[ImageRecord]:
    """Left MLO views with a malignant finding, in the order of the file: their chest wall lies at the left."""
    return [
        image
        for image in annotations.select(modality=modality).images
        if image.view == 'L-MLO' and not image.rotated_180 and malignant_box(annotations, image) is not None
    ]


def malignant_box(annotations: AnnotationSet, image: ImageRecord) -> np.ndarray | None:
    """(x, y, width, height) of the first malignant finding."""
    boxes = [finding.bbox_xywh for finding in annotations.findings_of(image.id) if finding.category == 'malignant']
    return np.array(boxes[0]) if boxes else None


def draw_found(axis: Axes, annotations: AnnotationSet, modality: str, model: str, title: str) -> None:
    """The first view whose best finding of a ready model is a true one."""
    images = shown_images(annotations, modality)
    for image in images:
        with TemporaryDirectory() as out:
            predict(annotations.resolve_path(image), out=out, model=model)
            found = read_predictions(Path(out, 'predictions.csv'))
        best = int(found.scores.argmax())
        truth = malignant_box(annotations, image)
        if overlap(found.boxes_xywh[best], truth) >= LEAST_OVERLAP:
            break
    else:
        raise ValueError(f'{model} finds none of the findings in {len(images)} images: take another --seed')
    slice_index = int(found.z[best])
    axis.imshow(read_slice(annotations, image, slice_index), cmap='gray', vmin=0, vmax=1)
    add_box(axis, truth, TRUTH_COLOUR, linestyle='--')
    add_box(axis, found.boxes_xywh[best], PREDICTION_COLOUR)
    where = f'slice {slice_index} of {image.num_slices}, ' if image.num_slices > 1 else ''
    add_text(axis, f'{where}{found.scores[best]:.2f}')
    add_title(axis, title)


def overlap(first: np.ndarray, second: np.ndarray) -> float:
    """Intersection over union of two boxes (x, y, width, height)."""
    return float(coco_mask.iou(first[None], second[None], [0])[0, 0])


def draw_vendors(axis: Axes, seed: int) -> None:
    """One breast as three vendors show it."""
    images = compare_vendors('vendors', SIZE, seed)
    axis.imshow(np.hstack([images[code] for code in 'ACE']), cmap='gray', vmin=0, vmax=1)
    add_title(axis, 'MSVCL v2\none breast, vendors A, C and E: one representation')


def draw_outline(axis: Axes, annotations: AnnotationSet) -> None:
    """A mammogram and the outline that its label alone is to give."""
    image = shown_images(annotations, 'FFDM')[0]
    axis.imshow(read_slice(annotations, image, 0), cmap='gray', vmin=0, vmax=1)
    for finding in annotations.findings_of(image.id):
        axis.contour(coco_mask.decode(finding.segmentation), levels=[0.5], colors=[TRUTH_COLOUR], linewidths=1.2)
    add_text(axis, 'label: malignant')
    add_title(axis, 'GLAM\nimage label: outline (truth)')


def draw_normal(axis: Axes, annotations: AnnotationSet) -> None:
    """A pair of breasts, and the abnormal side as it would be without its finding."""
    left = shown_images(annotations, 'FFDM')[0]
    right = next(
        image
        for image in annotations.images
        if image.patient_id == left.patient_id and image.modality == 'FFDM' and image.view == 'R-MLO'
    )
    twin = read_twins(annotations)[annotations.resolve_path(left).resolve()]
    sides = [read_slice(annotations, right, 0), read_slice(annotations, left, 0), read_mammogram(twin).pixels]
    axis.imshow(np.hstack(sides), cmap='gray', vmin=0, vmax=1)
    box = malignant_box(annotations, left)
    add_box(axis, box + [right.width, 0, 0, 0], TRUTH_COLOUR, linestyle='--')
    add_title(axis, 'DisAsymNet\nright, left: left without its finding (truth)')


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
    axis.text(0.97, 0.02, text, color='white', fontsize=8, ha='right', va='bottom', transform=axis.transAxes)


def add_title(axis: Axes, text: str) -> None:
    """The method, and what goes in and comes out."""
    axis.set_title(text, color='white', fontsize=8)


if __name__ == '__main__':
    main()
