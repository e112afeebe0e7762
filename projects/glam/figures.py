"""Draws the counterparts of the paper's Fig. 1 and Fig. 4 from the folder of a study, with their numbers.

python projects/glam/figures.py study/glam --seed 0 --out projects/glam/results

Fig. 1: images, the maps of CAM, GMIC and GLAM, and the truth; Fig. 4: Dice of S_g and S_l, an image a point. Source:
GLAM (Liu et al. 2021).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mammo_plugins.apis.stored_images import open_canonical
from mammo_plugins.apis.study.number_readers import NUMBER_READERS
from mammo_plugins.apis.study.rows import prediction_stem
from mammo_plugins.evaluation import ImageKey
from mammo_plugins.evaluation.evaluate_saliency import evaluated_maps, images_by_name, overlaps_by_class
from mammo_plugins.evaluation.saliency_files import SaliencyMap, read_map
from mammo_plugins.evaluation.saliency_frames import saliency_on_picture
from mammo_plugins.evaluation.saliency_truth import findings_of_class, truth_on_map
from mammo_plugins.io import AnnotationSet, ImageRecord, read_annotations
from mammo_plugins.io.whole_file import write_whole
from mammo_plugins.visualization.figure_files import PRINT_STYLE
from mammo_plugins.visualization.hanging import hang_pixels

CLASSES = {'malignant': (0.92, 0.16, 0.20), 'benign': (0.12, 0.72, 0.32)}  # red and green, as in the paper
COMPARED = {'cam': 'CAM', 'gmic': 'GMIC', 'glam': 'GLAM'}
CHOOSER = 'glam'
GLOBAL, LOCAL = 'table2_global', 'table2_local'
MODALITY, SPLIT = 'FFDM', 'test'
FAILED = 0.05  # a Dice below which a map shows next to nothing of a finding
_DOTS_PER_INCH = 90  # a figure of the README stays well below a megabyte
_PANEL, _GAP, _CAPTION, _TITLE, _NAMES = 1.15, 0.06, 0.2, 0.26, 0.3  # inches


@dataclass(frozen=True)
class RowMaps:
    """The maps of a row of the study.

    Attributes:
        folder: where they are.
        entries: class and image to map.
        dice: class to images with a finding of it and their soft Dice on stored pixels, as Table 1 has it.
    """

    folder: Path
    entries: Mapping[tuple[str, ImageKey], SaliencyMap]
    dice: Mapping[str, Mapping[ImageKey, float]]


def read_row(predictions: Path, row: str, annotations: AnnotationSet) -> RowMaps:
    """Scores the maps of a row, one image at a time.

    Args:
        predictions: folder of the seed's predictions.
        row: name of the row.
        annotations: the tested images.

    Raises:
        ValueError: the row was not tested, or on other images.
    """
    folder = NUMBER_READERS['saliency'].path(predictions, prediction_stem(row, 'test'))
    entries, _ = evaluated_maps(folder, annotations, lenient=False)
    scored = overlaps_by_class(folder, entries, annotations, threshold=0.5, grid='image')
    dice = {name: dict(zip(of.keys, of.per_image()['soft_dice'].tolist(), strict=True)) for name, of in scored.items()}
    return RowMaps(folder, {(entry.category, entry.key): entry for entry in entries}, dice)


def choose_by_quantile(dice: Mapping[ImageKey, float], quantiles: Sequence[float]) -> list[tuple[float, ImageKey]]:
    """The images at quantiles of their Dice: the nearest one in ascending order, of equal ones the first by name.

    An image that stands at two quantiles is shown once, at the first.
    """
    ranked = sorted(dice, key=lambda key: (dice[key], key))
    chosen: dict[ImageKey, float] = {}
    for quantile in quantiles:
        if ranked:
            chosen.setdefault(ranked[round(quantile * (len(ranked) - 1))], quantile)
    return [(quantile, key) for key, quantile in chosen.items()]


def tint(picture: np.ndarray, strength: np.ndarray, colour: Sequence[float]) -> np.ndarray:
    """(H, W, 3) a grey picture (H, W) with a colour as strong as (H, W) ``strength``, both in [0, 1]."""
    share = 0.75 * strength[..., None]
    return (1 - share) * picture[..., None] + share * np.asarray(colour)


class ShownImage:
    """An image as it hangs, and what lies over it.

    Args:
        annotations: the images and findings.
        image: the image; of a volume, its middle slice.
    """

    def __init__(self, annotations: AnnotationSet, image: ImageRecord) -> None:
        self._annotations, self._image = annotations, image
        source, self._flips = open_canonical(annotations, image)
        pixels = next(iter(source.iter_slices([image.num_slices // 2])))
        self.picture = self._hung(self._flips.apply(pixels))

    def _hung(self, pixels: np.ndarray) -> np.ndarray:
        return hang_pixels(pixels, self._image.view)

    def saliency(self, row: RowMaps, entry: SaliencyMap) -> np.ndarray:
        """(H, W) a map over the picture."""
        size = self._image.width, self._image.height
        values = read_map(row.folder, entry)
        return self._hung(saliency_on_picture(entry, values, self._flips.homography(*size), size, size[1]))

    def truth(self, category: str, key: ImageKey) -> np.ndarray:
        """(H, W) bool pixels of the findings of a class."""
        shape = self._image.height, self._image.width
        stored = SaliencyMap(key, category, '', shape, shape, np.eye(3))
        findings = findings_of_class(self._annotations.findings_of(self._image.id), category)
        return self._hung(self._flips.apply(truth_on_map(stored, findings, self._image)))


def draw_examples(
    rows: Mapping[str, RowMaps], annotations: AnnotationSet, quantiles: Sequence[float]
) -> tuple[Figure, dict]:
    """Fig. 1 and its numbers.

    Raises:
        ValueError: no tested image has a finding.
    """
    chosen = [
        (category, *one)
        for category in CLASSES
        for one in choose_by_quantile(rows[CHOOSER].dice.get(category, {}), quantiles)
    ]
    if not chosen:
        raise ValueError(f'no {MODALITY} image of the split {SPLIT!r} has a finding, so that there is nothing to draw')
    images = images_by_name(annotations)
    titles = ['image', *COMPARED.values(), 'truth']
    heights = [_PANEL * images[key].height / images[key].width for _, _, key in chosen]
    size = (_NAMES + len(titles) * (_PANEL + _GAP), _TITLE + sum(heights) + len(chosen) * _CAPTION)
    figure, numbers, top = Figure(figsize=size), [], size[1] - _TITLE
    for (category, quantile, key), height in zip(chosen, heights):
        places = [(_NAMES + index * (_PANEL + _GAP), top - height, _PANEL, height) for index in range(len(titles))]
        axes = [figure.add_axes([length / size[side % 2] for side, length in enumerate(place)]) for place in places]
        numbers.append(_draw_example(axes, rows, ShownImage(annotations, images[key]), category, key))
        numbers[-1] |= {'quantile_of_dice': quantile}
        name = f'{category}, quantile {quantile:g}'
        figure.text(0.4 * _NAMES / size[0], (top - height / 2) / size[1], name, rotation=90, va='center', ha='center')
        if len(numbers) == 1:
            for one, title in zip(axes, titles):
                one.set_title(title, pad=4)
        top -= height + _CAPTION
    caption = (
        f'{MODALITY} of the split {SPLIT}, as radiologists hang them. Of each class the images with a finding of it at '
        f'the quantiles {", ".join(f"{quantile:g}" for quantile in quantiles)} of the Dice of {COMPARED[CHOOSER]} '
        '(nearest rank, ascending; nobody picked them). A colour is as strong as the map of this class, in parts of '
        'its largest value in the image; below it soft Dice on stored pixels. Red: malignant, green: benign.'
    )
    return figure, {'caption': caption, 'rows': numbers}


def _draw_example(
    axes: Sequence[Axes], rows: Mapping[str, RowMaps], shown: ShownImage, category: str, key: ImageKey
) -> dict:
    """A row of panels; its numbers."""
    colour, grey = CLASSES[category], np.clip(shown.picture, 0, 1)
    panels = [(grey, f'{key.patient_id} {key.view_name.upper()}')]
    numbers = {'category': category, **_names(key)}
    for name in COMPARED:
        saliency = shown.saliency(rows[name], rows[name].entries[category, key])
        dice, largest = rows[name].dice[category][key], float(saliency.max())
        panels.append((tint(grey, saliency / max(largest, 1e-12), colour), f'Dice {dice:.3f}'))
        numbers[name] = {'soft_dice': dice, 'largest': largest}
    truth = shown.truth(category, key)
    numbers['share_of_image'] = float(truth.mean())
    panels.append((tint(grey, truth.astype(float), colour), f'{100 * truth.mean():.2f} % of the image'))
    for one, (picture, text) in zip(axes, panels, strict=True):
        one.imshow(picture, cmap='gray', vmin=0, vmax=1, aspect='auto')
        one.set(xticks=[], yticks=[])
        one.set_xlabel(text, fontsize=6.5, labelpad=2)
    return numbers


def draw_scatter(rows: Mapping[str, RowMaps], annotations: AnnotationSet, most: int, seed: int) -> tuple[Figure, dict]:
    """Fig. 4 and its numbers.

    Args:
        rows: with S_g and S_l.
        annotations: the tested images.
        most: images of a class; where there are more, so many are drawn at random.
        seed: of that choice.
    """
    figure, images = Figure(figsize=(6.4, 3.4), layout='constrained'), images_by_name(annotations)
    rng, numbers = np.random.default_rng(seed), {}
    for one, (category, colour) in zip(figure.subplots(1, len(CLASSES)), CLASSES.items()):
        of_global, of_local = (rows[name].dice.get(category, {}) for name in (GLOBAL, LOCAL))
        keys = sorted(of_global)
        if len(keys) > most:
            keys = [keys[index] for index in sorted(rng.choice(len(keys), most, replace=False))]
        x, y = (np.array([of[key] for key in keys]) for of in (of_global, of_local))
        area = np.array([_share_of_image(annotations, images[key], category, key) for key in keys])
        one.plot([0, 1], [0, 1], color='0.6', linewidth=0.8, linestyle='--', zorder=0)
        one.scatter(x, y, s=_dot_area(area), color=colour, alpha=0.55, linewidths=0.3, edgecolors='black')
        one.set(xlim=(-0.03, 1), ylim=(-0.03, 1), xlabel='Dice of $S_g$', ylabel='Dice of $S_l$', aspect='equal')
        summary = _summary(x, y)
        one.set_title(f'{category}: {len(keys)} images\n$S_l$ ahead in {summary["local_ahead"]}, fails in '
                      f'{summary["local_failed"]}')  # fmt: skip
        points = [
            {**_names(key), 'global': of_global[key], 'local': of_local[key], 'share_of_image': float(share)}
            for key, share in zip(keys, area)
        ]
        numbers[category] = {**summary, 'points': points}
    caption = (
        f'Soft Dice of S_g and S_l (rows S_g and S_l of Table 2) on stored pixels, a point an image with a finding of '
        f'the class among the {MODALITY} of the split {SPLIT}; where there are more than {most}, so many at random '
        f'(seed {seed}). The area of a dot grows with the part of the image that the findings cover. Above the dashed '
        f'line S_l is ahead; it fails where its Dice is below {FAILED}.'
    )
    return figure, {'caption': caption, 'classes': numbers}


def _names(key: ImageKey) -> dict:
    return {'patient_id': key.patient_id, 'study_uid': key.study_uid, 'view': key.view_name}


def _summary(of_global: np.ndarray, of_local: np.ndarray) -> dict:
    return {
        'images': len(of_global),
        'local_ahead': int((of_local > of_global).sum()),
        'local_failed': int((of_local < FAILED).sum()),
        'global_failed': int((of_global < FAILED).sum()),
    }


def _share_of_image(annotations: AnnotationSet, image: ImageRecord, category: str, key: ImageKey) -> float:
    """The part of an image's pixels that its findings of a class cover."""
    shape = image.height, image.width
    findings = findings_of_class(annotations.findings_of(image.id), category)
    return float(truth_on_map(SaliencyMap(key, category, '', shape, shape, np.eye(3)), findings, image).mean())


def _dot_area(share_of_image: np.ndarray) -> np.ndarray:
    """Points squared: 60 for a hundredth of the image."""
    return 6 + 5400 * share_of_image


def main(argv: Sequence[str] | None = None) -> int:
    """Writes ``fig1.png``, ``fig4.png`` and ``figures.json``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('study', type=Path, help='folder of the study: what "mammo study glam --out" was given')
    parser.add_argument('--seed', type=int, default=0, help='which seed of it')
    parser.add_argument('--out', type=Path, required=True, help='folder')
    parser.add_argument('--quantiles', type=float, nargs='+', default=[0.8, 0.5, 0.2], help='of Dice, for Fig. 1')
    parser.add_argument('--most', type=int, default=400, help='images of a class in Fig. 4')
    args = parser.parse_args(argv)
    if not all(0 <= quantile <= 1 for quantile in args.quantiles):
        parser.error(f'quantiles lie between 0 and 1, got {args.quantiles}')
    root = args.study / f'seed{args.seed}'
    annotations = read_annotations(root / 'phantoms.json').select(modality=MODALITY, split=SPLIT)
    rows = {name: read_row(root / 'predictions', name, annotations) for name in (*COMPARED, GLOBAL, LOCAL)}
    settings = json.loads((args.study / 'study.json').read_text())
    numbers = {'study': settings['study'], 'preset': settings['preset'], 'seed': args.seed}
    args.out.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context(PRINT_STYLE):
        for name, (figure, of_figure) in {
            'fig1': draw_examples(rows, annotations, args.quantiles),
            'fig4': draw_scatter(rows, annotations, args.most, args.seed),
        }.items():
            figure.savefig(args.out / f'{name}.png', dpi=_DOTS_PER_INCH, metadata={'Software': None})
            numbers[name] = of_figure
            print(f'{args.out / name}.png: {of_figure["caption"]}')
    write_whole(args.out / 'figures.json', json.dumps(numbers, indent=1, allow_nan=False) + '\n')
    return 0


if __name__ == '__main__':
    raise SystemExit(main())
