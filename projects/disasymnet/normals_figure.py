"""Draws pairs of phantoms with what DisAsymNet makes of them: the counterpart of the paper's Fig. 3.

    python projects/disasymnet/normals_figure.py STUDY projects/disasymnet/normals.png

STUDY is the folder of ``mammo study disasymnet``. A row is a pair as radiologists hang it, right breast left. Columns:
the mammograms, findings circled; where the last model finds them abnormal; its abnormal images; the normal images of
each model, by default without synthesis (which leaves dark holes in the paper) and with it; the true normal images,
which phantoms alone have. Nobody picks by looks: shown are the pairs of the split with a finding on a side, the first
of each patient in the order of the annotation file, then the second.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse

from mammo_plugins.apis.normals import TruePair, read_true_pairs
from mammo_plugins.apis.report.finding_hits import finding_corners
from mammo_plugins.apis.report.picture_layers import PictureLayers, made_pictures
from mammo_plugins.apis.study.catalogue import find_study
from mammo_plugins.apis.study.number_readers import NUMBER_READERS
from mammo_plugins.evaluation.image_names import modality_key
from mammo_plugins.io import AnnotationSet, ImageRecord, read_annotations
from mammo_plugins.io.whole_file import write_whole
from mammo_plugins.structures.geometry import project_boxes
from mammo_plugins.visualization.figure_files import PRINT_STYLE, TRUTH_COLOUR
from mammo_plugins.visualization.hanging import hang_box, hang_order, hang_pixels

RULE = (
    'Pairs of the split with a finding on a side: the first of each patient in the order of the annotation file, then '
    'the second.'
)
WIDTH, MARGIN, GAP, TITLE = 7.0, 0.3, 0.05, 0.3  # inches
DOTS_PER_INCH = 150
CIRCLE, SMALLEST = 1.5, 0.08  # of a finding's box; of the picture's height

Pair = tuple[ImageRecord, ImageRecord]


@dataclass(frozen=True)
class DrawnSide:
    """A side of a pair in the frame of the network, not hung yet.

    Attributes:
        view: such as ``R-CC``.
        columns: title to (H, W) intensities.
        saliency: (H, W) where it is abnormal.
        findings: (n, 4) boxes of findings, xyxy.
    """

    view: str
    columns: dict[str, np.ndarray]
    saliency: np.ndarray
    findings: np.ndarray


def choose_pairs(annotations: AnnotationSet, count: int) -> list[Pair]:
    """Pairs to show, the sides in hanging order; see ``RULE``.

    Raises:
        ValueError: there is none.
    """
    pairs: dict[tuple[str, str, str], list[ImageRecord]] = {}
    for image in annotations.images:
        pairs.setdefault((image.patient_id, image.study_uid, image.view_key.position.value), []).append(image)
    ranks: dict[str, int] = {}
    ranked: list[tuple[int, Pair]] = []
    for (patient, _, _), sides in pairs.items():
        names = [image.view for image in sides]
        if {name[0] for name in names} == {'L', 'R'} and any(annotations.findings_of(image.id) for image in sides):
            order = hang_order(names)
            right, left = sides[order[0]], sides[order[-1]]
            ranked.append((ranks.setdefault(patient, 0), (right, left)))
            ranks[patient] += 1
    if not ranked:
        raise ValueError(f'none of {len(pairs)} pairs has a finding: name another split')
    return [pair for _, pair in sorted(ranked, key=lambda one: one[0])[:count]]


class StudyFolder:
    """What a seed of the study has on disk.

    Args:
        study: its folder.
        seed: the seed.
        rows: of the study, whose normal images are shown; the last one gives maps and abnormal images.
        split: of the images.

    Raises:
        ValueError: a row was not tested.
    """

    def __init__(self, study: Path, seed: int, rows: Sequence[str], split: str) -> None:
        root = study / f'seed{seed}'
        self.annotations = read_annotations(root / 'seen/phantoms.json').select(modality='FFDM', split=split)
        self.rows, self._predictions = list(rows), root / 'predictions'
        for row in rows:
            if not (self.folder('normals', row) / 'index.csv').is_file():
                raise ValueError(
                    f'row {row} of seed {seed} has no pictures: test it, mammo study disasymnet --rows {row}'
                )
        self._pictures = {row: PictureLayers({'': self.folder('normals', row)}, 10**6) for row in rows}
        self._maps = PictureLayers({'': self.folder('saliency', rows[-1])}, 10**6)

    def folder(self, reader: str, row: str) -> Path:
        """Where the maps or pictures of a row are."""
        return NUMBER_READERS[reader].path(self._predictions, row)

    def read_sides(self, pairs: Sequence[Pair], titles: Sequence[str]) -> Iterator[list[DrawnSide]]:
        """The sides of each pair.

        Args:
            pairs: from :func:`choose_pairs`.
            titles: of the rows.

        Raises:
            ValueError: an image has no picture, or nobody knows its true normal image.
        """
        wanted = {image.id for pair in pairs for image in pair}
        chosen = self.annotations.keep(image.id in wanted for image in self.annotations.images)
        true = {pair.entry.key[:3]: pair for pair in read_true_pairs(self.folder('normals', self.rows[-1]), chosen)}
        for pair in pairs:
            keys = [modality_key(image)[:3] for image in pair]
            if missing := [key for key in keys if key not in true]:
                raise ValueError(f'{"/".join(missing[0])} has no picture or no true normal image')
            yield [self._side(image, true[key], titles) for image, key in zip(pair, keys)]

    def _side(self, image: ImageRecord, true: TruePair, titles: Sequence[str]) -> DrawnSide:
        homography = np.diag(
            [true.entry.shape[1] / true.entry.covered[1], true.entry.shape[0] / true.entry.covered[0], 1]
        )
        homography = homography @ true.entry.homography
        place = modality_key(image), homography, true.entry.shape[::-1]
        made = {row: made_pictures(self._pictures[row], *place) for row in self.rows}
        columns = {'mammogram': true.shown, 'abnormal': made[self.rows[-1]]['abnormal'] / 255}
        columns |= {f'normal,\n{title}': made[row]['normal'] / 255 for row, title in zip(self.rows, titles)}
        boxes = project_boxes(finding_corners(self.annotations.findings_of(image.id)), homography)
        heat = made_pictures(self._maps, *place)['any'] / 255
        return DrawnSide(image.view, columns | {'true normal': true.truth}, heat, boxes)


def draw(names: Sequence[str], pairs: Sequence[Sequence[DrawnSide]]) -> Figure:
    """The figure: a row a pair, in which all columns have one grey scale, from 0 to its brightest mammogram."""
    titles = list(pairs[0][0].columns)
    titles.insert(1, 'where\nabnormal')
    width = (WIDTH - MARGIN) / len(titles) - GAP
    heights = [width * max(len(side.saliency) for side in pair) / _width(pair) for pair in pairs]
    size = WIDTH, TITLE + sum(heights) + GAP * len(pairs)
    with matplotlib.rc_context(PRINT_STYLE):
        figure = Figure(figsize=size)
        top = size[1] - TITLE
        for name, pair, height in zip(names, pairs, heights):
            for column, title in enumerate(titles):
                left = MARGIN + column * (width + GAP)
                corner = left / size[0], (top - height) / size[1]
                axes = figure.add_axes((*corner, width / size[0], height / size[1]), facecolor='black')
                _draw_pair(axes, pair, title)
                if pair is pairs[0]:
                    axes.set_title(title, fontsize=7, pad=3)
            figure.text(
                0.4 * MARGIN / size[0], (top - height / 2) / size[1], name, rotation=90, va='center', ha='center'
            )
            top -= height + GAP
    return figure


def _width(pair: Sequence[DrawnSide]) -> int:
    return sum(side.saliency.shape[1] for side in pair)


def _draw_pair(axes: Axes, pair: Sequence[DrawnSide], title: str) -> None:
    brightest = max(float(side.columns['mammogram'].max()) for side in pair)
    start, tallest = 0, max(len(side.saliency) for side in pair)
    for side in pair:
        height, width = side.saliency.shape
        look = dict(extent=(start, start + width, height, 0), interpolation='bilinear')
        shown = side.columns.get(title, side.columns['mammogram'])
        axes.imshow(hang_pixels(shown, side.view), cmap='gray', vmin=0, vmax=brightest, **look)
        if title not in side.columns:
            saliency = hang_pixels(side.saliency, side.view)
            axes.imshow(saliency, cmap='autumn', vmin=0, vmax=1, alpha=0.6 * saliency, **look)
        if title == 'mammogram':
            for box in side.findings:
                axes.add_patch(_circle(hang_box(tuple(map(float, box)), width, side.view), start, SMALLEST * tallest))
        start += width
    axes.set(xlim=(0, start), ylim=(tallest, 0), xticks=[], yticks=[])


def _circle(box: tuple[float, ...], start: float, smallest: float) -> Ellipse:
    left, top, right, bottom = box
    middle = start + (left + right) / 2, (top + bottom) / 2
    sizes = (max(smallest, CIRCLE * length) for length in (right - left, bottom - top))
    return Ellipse(middle, *sizes, fill=False, edgecolor=TRUTH_COLOUR, linewidth=0.9)


def _describe(pair: Pair, annotations: AnnotationSet) -> dict[str, object]:
    boxes = {image.view: finding_corners(annotations.findings_of(image.id)).tolist() for image in pair}
    return {'patient_id': pair[0].patient_id, 'study_uid': pair[0].study_uid, 'findings_xyxy': boxes}


def main() -> None:
    """Writes the picture, and what it shows as json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('study', type=Path, metavar='STUDY')
    parser.add_argument('out', type=Path, help='png; what it shows is written beside it as json')
    parser.add_argument('--rows', nargs='+', default=['asyc_asyd', 'disasymnet'], help='rows of the study')
    parser.add_argument('--pairs', type=int, default=8, help='most pairs (default: %(default)s, as in the paper)')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--split', default='test')
    args = parser.parse_args()
    study = find_study('disasymnet')
    titles = [study.row(name).title for name in args.rows]
    folder = StudyFolder(args.study, args.seed, args.rows, args.split)
    chosen = choose_pairs(folder.annotations, args.pairs)
    names = [f'{right.patient_id} {right.view_key.position.value}' for right, _ in chosen]
    figure = draw(names, list(folder.read_sides(chosen, titles)))
    args.out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(args.out, dpi=DOTS_PER_INCH, metadata={'Software': None})
    content = {
        'study': args.study.name,
        'seed': args.seed,
        'split': args.split,
        'rows': args.rows,
        'rule': RULE,
        'pairs': [_describe(pair, folder.annotations) for pair in chosen],
    }
    write_whole(args.out.with_suffix('.json'), json.dumps(content, indent=1) + '\n')


if __name__ == '__main__':
    main()
