"""Inference of GLAM on a breast (CC and MLO) at 2944 x 1920, against a literal transcription of the paper, in one run.

    python tools/benchmarks/glam_inference.py --threads 2 --out projects/glam/results/inference.json

Both have the same random weights, under the released names, and must agree: patches exactly, S_c within 1e-5. The
transcription is ``tests/references/weak_localisation.py``; its convolutions are torch's as ours are, and the rest is
loops. Both run in turn; times are those of the fastest of the repeats. The last line is the ratio.
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
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parents[2]))
import mammo_plugins.registration  # noqa: F401  before anything imports mmdet
from mammo_plugins.apis.run_config import load_run_config
from tests.models.released_weights import GLAM, load_released, random_weights
from tests.references import weak_localisation as reference

from mmdet.registry import MODELS  # isort: skip

UNUSED = 'global_network.postprocess_module.combine.weight'


def timed(function: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds, and what it gives."""
    start = time.perf_counter()
    given = function()
    return time.perf_counter() - start, given


@torch.no_grad()
def main() -> None:
    """Prints both times, writes json, and ends with the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--size', type=int, nargs=2, default=(2944, 1920), metavar=('H', 'W'))
    parser.add_argument('--patch', type=int, default=512)
    parser.add_argument('--threads', type=int, default=torch.get_num_threads())
    parser.add_argument('--repeats', type=int, default=3)
    parser.add_argument('--out', type=Path, help='where the json goes')
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    patch_size, shape = (args.patch, args.patch), tuple(args.size)
    options = {'model.patch_selection.patch_size': list(patch_size), 'model.negative_selection': None}
    model = MODELS.build(load_run_config('projects/glam/configs/glam_local.py', cfg_options=options).model).eval()
    weights = random_weights(GLAM)
    load_released(model, weights, (UNUSED,))
    images = torch.randn(2, 1, *shape, generator=torch.Generator().manual_seed(0))

    def ours() -> tuple[list, Tensor]:
        found = [model.look(image[None], model.test_patches) for image in images]
        return [one.origins[0].tolist() for one in found], torch.cat([model.saliency(one, shape) for one in found])

    def literal() -> tuple[list, Tensor]:
        said = [reference.glam(image, weights, model.test_patches, patch_size) for image in images[:, 0]]
        return [list(map(list, one['patches'])) for one in said], torch.stack([one['S_c'] for one in said])

    seconds: dict[str, list[float]] = {'ours': [], 'literal': []}
    for _ in range(args.repeats):
        (own, found), (theirs, expected) = timed(ours), timed(literal)
        difference = float((found[1] - expected[1]).abs().max())
        if found[0] != expected[0] or difference > 1e-5:
            raise SystemExit(f'the two differ: patches {found[0]} and {expected[0]}, S_c by {difference}')
        seconds['ours'].append(own)
        seconds['literal'].append(theirs)
    fewest = {name: min(values) for name, values in seconds.items()}
    ratio = fewest['literal'] / fewest['ours']
    for name, value in fewest.items():
        print(f'{name:>8} {value:>7.2f} s for a breast')
    if args.out:
        about = {'size': list(shape), 'threads': args.threads, 'torch': torch.__version__}
        args.out.parent.mkdir(parents=True, exist_ok=True)
        results = {'seconds': fewest, 'ratio': ratio, 'largest_difference': difference}
        args.out.write_text(json.dumps({**about, **results}, indent=1) + '\n')
    print(f'{ratio:.1f}x')


if __name__ == '__main__':
    main()
