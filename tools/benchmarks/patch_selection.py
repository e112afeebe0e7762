"""Patch selection of GLAM against algorithm 1 taken literally, in one run.

    python tools/benchmarks/patch_selection.py --out projects/glam/results/patch_selection.json

The literal algorithm sums every window anew, position by position; it is ``select_patches`` of
``tests/references/weak_localisation.py``. Ours takes the whole batch at once. Both select six patches of 512 x 512 from
saliency maps of 184 x 120 cells (images of 2944 x 1920), in turn, and must select the same ones. Times are those of the
fastest of the repeats; the last line is their ratio.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).parents[2]))
import mammo_plugins.registration  # noqa: F401  before anything imports mmdet
from mammo_plugins.models.layers.patch_selection import GreedyPatchSelection
from tests.references.weak_localisation import select_patches

PATCH, CELL = 512, 16


def timed(function: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds, and what it gives."""
    start = time.perf_counter()
    given = function()
    return time.perf_counter() - start, given


def main() -> None:
    """Prints both times, writes json, and ends with the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--images', type=int, default=4)
    parser.add_argument('--cells', type=int, nargs=2, default=(184, 120), metavar=('ROWS', 'COLUMNS'))
    parser.add_argument('--patches', type=int, default=6)
    parser.add_argument('--repeats', type=int, default=5)
    parser.add_argument('--out', type=Path, help='where the json goes')
    args = parser.parse_args()
    maps = torch.rand(args.images, 2, *args.cells, generator=torch.Generator().manual_seed(0))
    shape = CELL * args.cells[0], CELL * args.cells[1]
    select = GreedyPatchSelection((PATCH, PATCH))

    def literally() -> list[list[list[int]]]:
        return [list(map(list, select_patches(one, shape, select.patch_size, args.patches))) for one in maps]

    seconds: dict[str, list[float]] = {'ours': [], 'literal': []}
    for _ in range(args.repeats):
        ours, found = timed(lambda: select(maps, shape, args.patches).tolist())
        literal, expected = timed(literally)
        if found != expected:
            raise SystemExit('the two select different patches')
        seconds['ours'].append(ours)
        seconds['literal'].append(literal)
    fewest = {name: min(values) for name, values in seconds.items()}
    ratio = fewest['literal'] / fewest['ours']
    for name, value in fewest.items():
        print(f'{name:>8} {1000 * value:>10.2f} ms for {args.images} images')
    if args.out:
        content = {
            'images': args.images,
            'cells': list(args.cells),
            'patches': args.patches,
            'threads': torch.get_num_threads(),
            'torch': torch.__version__,
            'seconds': fewest,
            'ratio': ratio,
        }
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps(content, indent=1) + '\n')
    print(f'{ratio:.0f}x')


if __name__ == '__main__':
    main()
