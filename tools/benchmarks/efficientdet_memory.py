"""Memory of a training step of EfficientDet, and of stage III of SM/FFDM fusion, on images of 2944 x 1920.

    python tools/benchmarks/efficientdet_memory.py --out projects/sm_ffdm_fusion/results/memory.json

The real model runs forward and backward with AdamW's state on fake tensors, which have shapes and no numbers, while a
tracker adds up what lives. What depends on numbers, the losses, is replaced by a sum over what they read.
"""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path

import torch
from live_memory import GIB, LiveMemory, make_fake, write_peaks
from mmengine.registry import init_default_scope

import mammo_plugins.registration  # noqa: F401  before anything imports mmdet
from mammo_plugins.apis.run_config import load_run_config

from mmdet.registry import MODELS  # isort: skip

FULL_SIZE = (2944, 1920)
CONFIGS = {
    'EfficientDet': ('projects/sm_ffdm_fusion/configs/model_sm_2944x1920.py', ''),
    'stage III': ('projects/sm_ffdm_fusion/configs/fused_2944x1920.py', '.efficientdet'),
}
# Beside the config as it is: everything kept; and mixed precision.
PATHS = {'plain': (False, False), 'recomputed': (True, False), 'recomputed, --amp': (True, True)}


def peak_gib(config: str, place: str, path: str, batch: int, size: tuple[int, int]) -> float:
    """Peak of what lives in a step.

    Args:
        config: of the run.
        place: of the EfficientDet in the detector.
        path: one of :data:`PATHS`.
        batch: images.
        size: height and width, multiples of 128.
    """
    recompute, amp = PATHS[path]
    cfg = load_run_config(config, cfg_options={f'model.detector{place}.recompute': recompute})
    init_default_scope(cfg.default_scope)
    detector = MODELS.build(cfg.model.detector).train()
    with make_fake(detector):
        learned = [parameter for parameter in detector.parameters() if parameter.requires_grad]
        optimizer = torch.optim.AdamW(learned, lr=1e-4)
        images = torch.empty(batch, 3, *size)
        with LiveMemory() as memory:
            for tensor in (images, *detector.parameters(), *detector.buffers()):
                memory.add(tensor)
            with torch.autocast('cpu', dtype=torch.bfloat16) if amp else contextlib.nullcontext():
                outputs = detector(images, mode='tensor')
            sum(level.float().sum() for levels in outputs for level in levels).backward()
            optimizer.step()
    return memory.peak / GIB


def main() -> None:
    """Prints a table and writes json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--batch', type=int, nargs='+', default=[1, 4, 8])
    parser.add_argument('--size', type=int, nargs=2, default=FULL_SIZE, metavar=('H', 'W'))
    parser.add_argument('--out', type=Path, help='where the json goes')
    args = parser.parse_args()
    rows = []
    for name, (config, place) in CONFIGS.items():
        for path in PATHS:
            for batch in args.batch:
                peak = peak_gib(config, place, path, batch, tuple(args.size))
                rows.append({'model': name, 'config': config, 'path': path, 'batch': batch, 'peak_gib': peak})
                print(f'{name:>12} {path:>18} batch {batch}: {peak:.2f} GiB')
    write_peaks(args.out, args.size, rows)


if __name__ == '__main__':
    main()
