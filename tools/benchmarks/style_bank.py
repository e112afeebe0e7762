"""Styles from a filled bank beside styles made while training: seconds an image, and what the bank takes on disk.

    python tools/benchmarks/style_bank.py --out projects/msvcl/results/style_bank.json

An image of random tissue is shown in another style by the generator of ``configs/cyclegan.py`` (random weights: time
does not hang on them), once read from disk and once translated. Both must give the same pixels.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from itertools import permutations
from pathlib import Path

import numpy as np
import torch
from mmengine.registry import init_default_scope
from rounds import median_ratio, median_seconds, time_rounds

import mammo_plugins.registration  # noqa: F401  before anything imports mmdet
from mammo_plugins.apis.run_config import load_run_config
from mammo_plugins.datasets.styles import GeneratorStyles, write_styles

from mmdet.registry import MODELS  # isort: skip

CONFIG = 'projects/msvcl/configs/cyclegan.py'
STYLES = {'A': ['A'], 'B': ['B']}


def make_bank(folder: Path, width: int, blocks: int) -> None:
    """A folder of two styles with random generators."""
    cfg = load_run_config(CONFIG)
    init_default_scope(cfg.default_scope)
    network = {**cfg.model.generator.to_dict(), 'width': width, 'blocks': blocks}
    torch.manual_seed(0)
    weights = {pair: MODELS.build(dict(network)).state_dict() for pair in permutations(STYLES, 2)}
    sources = dict.fromkeys(weights, 'random')
    write_styles(folder, STYLES, weights, network=network, window=(0.0, 1.0), loading=[], sources=sources)


def make_view(height: int, width: int) -> dict:
    """A loaded image whose left part is breast."""
    img = np.random.default_rng(0).uniform(0.2, 0.8, (1, height, width)).astype(np.float32)
    img[:, :, -width // 4 :] = 0
    return {'img': img, 'manufacturer': 'A', 'img_path': 'random'}


def measure(folder: Path, size: tuple[int, int], repeats: int) -> dict:
    """Median seconds of each way, their quotient, and the bytes of a kept image."""
    view = make_view(*size)
    kept, online = GeneratorStyles(folder), GeneratorStyles(folder, keep=False)
    kept.prepare(view)
    if not np.array_equal(kept.show(view, 'B'), online.show(view, 'B')):
        raise SystemExit('a kept image differs from one that is made on line')
    rounds = time_rounds({'bank': lambda: kept.show(view, 'B'), 'online': lambda: online.show(view, 'B')}, repeats)
    stored = sum(path.stat().st_size for path in (folder / 'translated').rglob('*') if path.is_file())
    return {
        'height': size[0],
        'width': size[1],
        'seconds': median_seconds(rounds),
        'ratio': median_ratio(rounds, 'online', 'bank'),
        'bytes': stored,
    }


def main() -> None:
    """Prints the times and writes json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--size', nargs=2, type=int, default=[1024, 512], metavar=('HEIGHT', 'WIDTH'))
    parser.add_argument('--width', type=int, default=64, help='channels of the generator')
    parser.add_argument('--blocks', type=int, default=9)
    parser.add_argument('--repeats', type=int, default=9)
    parser.add_argument('--out', type=Path, help='where the json goes')
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        make_bank(Path(folder), args.width, args.blocks)
        row = measure(Path(folder), tuple(args.size), args.repeats)
    seconds = row['seconds']
    print(f'bank {seconds["bank"]:.4f} s, on line {seconds["online"]:.4f} s, {row["bytes"]} bytes an image')
    print(f'{row["ratio"]:.1f}x')
    if args.out:
        about = {'torch': torch.__version__, 'threads': torch.get_num_threads(), 'generator': [args.width, args.blocks]}
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps({**about, **row}, indent=1) + '\n')


if __name__ == '__main__':
    main()
