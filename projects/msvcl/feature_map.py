"""t-SNE of pooled backbone features by vendor, as Fig. 7 of MSVCL v2.

python projects/msvcl/feature_map.py CONFIG CHECKPOINT --ann ANN.json --out OUT.png

The config is that of a task: its test data set gives the images, its model the backbone. ``--pretraining``: the
checkpoint is of a pretraining, as in the paper's figure, and only its backbone is read. ``--json`` keeps the points.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from mmengine.config import DictAction
from sklearn.manifold import TSNE

from mammo_plugins.apis.backbone_features import read_features
from mammo_plugins.apis.run_config import load_run_config


def embed(features: np.ndarray, seed: int) -> np.ndarray:
    """(N, 2) points; the perplexity is 30, or a third of the images where they are few."""
    perplexity = min(30.0, (len(features) - 1) / 3)
    return TSNE(perplexity=perplexity, init='pca', random_state=seed).fit_transform(features)


def draw(points: np.ndarray, vendors: list[str], title: str, out: Path) -> None:
    """A point an image, a colour a vendor."""
    figure = Figure(figsize=(5, 5))
    axes = figure.subplots()
    for vendor in sorted(set(vendors)):
        own = points[[name == vendor for name in vendors]]
        axes.scatter(*own.T, s=12, label=vendor)
    axes.set(title=title, xticks=[], yticks=[])
    axes.legend()
    figure.savefig(out, dpi=150, bbox_inches='tight')


def main(argv: list[str] | None = None) -> None:
    """Parses the command line, draws the figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config')
    parser.add_argument('checkpoint')
    parser.add_argument('--ann', required=True, help='annotation file')
    parser.add_argument('--out', required=True, type=Path, help='picture')
    parser.add_argument('--json', type=Path, help='points by image')
    parser.add_argument('--pretraining', action='store_true', help='checkpoint of a pretraining')
    parser.add_argument('--title', default='', help='such as the task')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='overrides of the config, key=value')
    args = parser.parse_args(argv)
    cfg = load_run_config(args.config, ann_file=args.ann, work_dir=args.out.parent, cfg_options=args.cfg_options)
    features, vendors, ids = read_features(cfg, args.config, args.checkpoint, args.pretraining)
    points = embed(features, args.seed)
    draw(points, vendors, args.title, args.out)
    if args.json:
        rows = [dict(image_id=i, vendor=v, point=p) for i, v, p in zip(ids, vendors, points.tolist(), strict=True)]
        args.json.write_text(json.dumps(dict(seed=args.seed, points=rows), indent=1) + '\n')


if __name__ == '__main__':
    main()
