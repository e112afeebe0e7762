"""Memory and time of pixel average precision over a data set of full-size saliency maps.

    python tools/benchmarks/pixel_average_precision.py --out tools/benchmarks/results/pixel_average_precision.json

Pooling the pixels first, as a call of scikit-learn would need them, takes ``pooled_gib`` for scores and labels alone.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from pathlib import Path

import numpy as np

from mammo_plugins.evaluation.functional import PixelAveragePrecision


def make_map(rng: np.random.Generator, background: np.ndarray, has_lesion: bool) -> tuple[np.ndarray, np.ndarray]:
    """A map with a bright patch near the lesion, and the mask of the lesion."""
    height, width = background.shape
    rows, columns = rng.integers(min(background.shape), size=2)
    saliency = np.roll(background, (rows, columns), axis=(0, 1))
    mask = np.zeros(background.shape, bool)
    if has_lesion:
        mask[height * 12 // 25 : height * 14 // 25, width * 10 // 25 : width * 13 // 25] = True
        saliency[height * 11 // 25 : height * 13 // 25, width * 9 // 25 : width * 12 // 25] += np.float32(0.4)
    return saliency, mask


def main() -> None:
    """Prints one line and writes json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--maps', type=int, default=1000)
    parser.add_argument('--size', type=int, nargs=2, default=(2944, 1920), metavar=('H', 'W'))
    parser.add_argument('--out', type=Path, help='where the json goes')
    args = parser.parse_args()
    rng = np.random.default_rng(0)
    background = rng.random(args.size, dtype=np.float32) * np.float32(0.6)
    metric = PixelAveragePrecision()
    seconds, peak = 0.0, {}
    for number in range(1, args.maps + 1):
        saliency, mask = make_map(rng, background, has_lesion=number % 2 == 0)
        start = time.perf_counter()
        metric.update(saliency, mask)
        seconds += time.perf_counter() - start
        if number in (10, args.maps):
            peak[f'peak_gib_after_{number}'] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    row = {
        'maps': args.maps,
        'size': list(args.size),
        'seconds_a_map': seconds / args.maps,
        **peak,
        'pooled_gib': args.maps * args.size[0] * args.size[1] * 5 / 2**30,
        'image_level': metric.image_level(),
        'dataset_level': metric.dataset_level(),
    }
    print(
        ', '.join(
            f'{name} {value:.3g}' if isinstance(value, float) else f'{name} {value}' for name, value in row.items()
        )
    )
    if args.out:
        args.out.write_text(json.dumps(row, indent=1) + '\n')


if __name__ == '__main__':
    main()
