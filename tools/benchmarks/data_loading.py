"""Breasts a second that one reading process delivers, from DICOM, cache and memory, against what a training step takes.

    python tools/benchmarks/data_loading.py --out tools/benchmarks/results/data_loading.json

Tomosynthesis phantoms in JPEG 2000 are read as ``configs/mm3d_dbt.py`` reads them for training, up to the batch, and
its detector takes training steps on the same batches. The last lines say how many reading processes keep a step busy.
On a GPU volumes are 2457 x 1890 x 100 and breasts 1100 pixels wide, without one an eighth of the sides, unless told
otherwise; reading and training shrink alike. (At a quarter a step of the plain config does not fit into 24 GB.)
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from mm3d_memory import autocast, build

from mammo_plugins.apis.cache import cache_volumes
from mammo_plugins.apis.phantoms import prepare_phantoms
from mammo_plugins.apis.run_config import load_run_config
from mammo_plugins.datasets.case_collate import collate_cases
from mammo_plugins.datasets.case_dataset import CaseDataset

CONFIG = 'configs/mm3d_dbt.py'
FULL_SIZE, SMALL_SIZE = ('2457x1890x100', 1100), ('307x236x100', 138)
"""Volume and breast width in pixels, on a GPU and without one."""


def fewest_seconds(run: Callable[[], object], repeats: int) -> float:
    """Of some runs; that one was disturbed least."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def build_dataset(annotations: Path, options: dict, **how: object) -> CaseDataset:
    """The training data of the config; ``how`` it reads overrides its fields."""
    cfg = load_run_config(CONFIG, ann_file=annotations, cfg_options=options)
    settings = cfg.train_dataloader.dataset.to_dict()
    settings.pop('type')
    return CaseDataset(**{**settings, **how})


def read_seconds(annotations: Path, options: dict, cache: Path, repeats: int) -> dict[str, float]:
    """Seconds a breast of each way of reading, in one process."""
    ways = {'dicom': {}, 'cache': {'volume_cache': str(cache)}, 'memory': {'cache_in_memory': True}}
    seconds = {}
    for way, how in ways.items():
        dataset = build_dataset(annotations, options, **how)
        if way == 'memory':
            list(map(dataset.__getitem__, range(len(dataset))))  # remembers
        seconds[way] = fewest_seconds(lambda data=dataset: list(map(data.__getitem__, range(len(data)))), repeats)
        seconds[way] /= len(dataset)
    return seconds


def step_seconds(annotations: Path, options: dict, cache: Path, repeats: int, device: str) -> float:
    """Seconds of a training step on one breast."""
    batch = collate_cases([build_dataset(annotations, options, volume_cache=str(cache))[0]])
    detector, cfg = build('plain')
    detector = detector.to(device)
    optimizer = torch.optim.AdamW(detector.parameters(), lr=2.5e-5)

    def step() -> None:
        with autocast(cfg, device):
            losses = detector(**detector.data_preprocessor(batch, training=True), mode='loss')
        total, _ = detector.parse_losses(losses)
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        if device == 'cuda':
            torch.cuda.synchronize()

    step()  # warms up
    return fewest_seconds(step, repeats)


def main() -> None:
    """Prints a table, writes json, and ends with how many processes keep a step busy."""
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    size, width = FULL_SIZE if device == 'cuda' else SMALL_SIZE
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--size', default=size, help='of the phantom volumes (default: %(default)s)')
    parser.add_argument('--width', type=int, default=width, help='of a breast, in pixels (default: %(default)s)')
    parser.add_argument('--phantoms', type=Path, help='folder to make or find them in (default: a temporary one)')
    parser.add_argument('--repeats', type=int, default=3)
    parser.add_argument('--out', type=Path, help='where the json goes')
    args = parser.parse_args()
    resize = 'train_dataloader.dataset.loading.3'
    options = {f'{resize}.width': args.width, f'{resize}.max_length': 2 * args.width}
    with tempfile.TemporaryDirectory() as temporary:
        folder, cache = args.phantoms or Path(temporary), Path(temporary) / 'cache'
        folder.mkdir(parents=True, exist_ok=True)
        jpeg2000 = {'imaging.jpeg2000_vendors': 'ABCDEF'}
        annotations = prepare_phantoms(folder, 1, 0, (1, 0, 0), overrides=jpeg2000, size=args.size)
        cache_volumes(CONFIG, cache, splits=['train'], workers=1, ann_file=annotations, cfg_options=options)
        seconds = read_seconds(annotations, options, cache, args.repeats)
        step = step_seconds(annotations, options, cache, args.repeats, device)
    print(f'{"":8} {"seconds":>9} {"breasts/s":>10}')
    for name, value in {**seconds, 'step': step}.items():
        print(f'{name:8} {value:>9.3f} {1 / value:>10.2f}')
    if args.out:
        about = {
            'device': torch.cuda.get_device_name() if device == 'cuda' else 'cpu',
            'threads': torch.get_num_threads(),
            'size': args.size,
            'width': args.width,
            'repeats': args.repeats,
        }
        args.out.write_text(json.dumps({**about, 'read_s': seconds, 'step_s': step}, indent=1) + '\n')
    for way, value in seconds.items():
        print(f'{way}: {math.ceil(value / step)} reading processes ({value / step:.2f} of a step)')


if __name__ == '__main__':
    main()
