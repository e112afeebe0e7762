"""A step of contrastive pretraining beside mmpretrain's SimCLR with the same backbone, head and images.

    python tools/benchmarks/pretraining.py --out projects/msvcl/results/pretraining.json

A step is forward, loss and backward on two copies of each image. Both run in turn in one process on the same numbers;
the ratio is the median over the rounds of the quotient within a round.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import torch
from mmengine.registry import init_default_scope
from rounds import median_ratio, median_seconds, time_rounds

import mammo_plugins.registration  # noqa: F401  before anything imports mmdet
from mammo_plugins.apis.run_config import load_run_config
from mammo_plugins.structures.image_identity import ImageIdentity

from mmdet.registry import MODELS  # isort: skip
from mmpretrain.models import SimCLR  # isort: skip

CONFIG = 'projects/msvcl/configs/{scheme}.py'


def build_ours(scheme: str) -> torch.nn.Module:
    """The model of a config, with random weights."""
    cfg = load_run_config(CONFIG.format(scheme=scheme), cfg_options={'model.backbone.init_cfg': None})
    init_default_scope(cfg.default_scope)
    return MODELS.build(cfg.model)


def build_theirs(ours: torch.nn.Module) -> torch.nn.Module:
    """mmpretrain's SimCLR on the very backbone and head."""
    init_default_scope('mmpretrain')
    theirs = SimCLR(
        backbone=dict(type='ResNet', depth=18),
        neck=dict(type='NonLinearNeck', in_channels=512, hid_channels=8, out_channels=8, norm_cfg=dict(type='BN1d')),
        head=dict(type='ContrastiveHead', loss=dict(type='CrossEntropyLoss'), temperature=ours.pair_loss.temperature),
    )
    theirs.backbone, theirs.neck = ours.backbone, ours.neck
    return theirs


def make_runs(scheme: str, images: int, size: int) -> dict[str, Callable[[], object]]:
    """What is timed, by name."""
    torch.manual_seed(0)
    ours = build_ours(scheme).train()
    theirs = build_theirs(ours).train()
    copies = [torch.randn(images, 3, size, size) for _ in range(2)]
    # CC and MLO of each breast, so that every scheme finds its pairs.
    identities = [ImageIdentity(str(index // 2), ('L-CC', 'L-MLO')[index % 2], str(index)) for index in range(images)]

    def step_of_ours() -> float:
        losses = ours.loss(copies, identities)
        total = sum(value for name, value in losses.items() if name.startswith('loss'))
        total.backward()
        return float(total)

    def step_of_theirs() -> float:
        total = theirs.loss(copies, data_samples=None)['loss']
        total.backward()
        return float(total)

    return {'mmpretrain': step_of_theirs, 'ours': step_of_ours}


def measure(runs: dict[str, Callable[[], object]], repeats: int) -> tuple[dict[str, float], float]:
    """Median seconds of each, and ours over theirs."""
    rounds = time_rounds(runs, repeats)
    return median_seconds(rounds), median_ratio(rounds, 'ours', 'mmpretrain')


def main() -> None:
    """Prints the times and writes json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--schemes', nargs='+', default=['simclr', 'msvcl_v2'], help='names of configs')
    parser.add_argument('--images', type=int, default=16)
    parser.add_argument('--size', type=int, default=224)
    parser.add_argument('--repeats', type=int, default=9)
    parser.add_argument('--out', type=Path, help='where the json goes')
    args = parser.parse_args()
    rows = []
    for scheme in args.schemes:
        seconds, ratio = measure(make_runs(scheme, args.images, args.size), args.repeats)
        per_second = {name: args.images / value for name, value in seconds.items()}
        rows.append({'scheme': scheme, 'seconds': seconds, 'images_per_second': per_second, 'ratio': ratio})
        print(f'{scheme:>10} {seconds["ours"]:.3f} s, mmpretrain {seconds["mmpretrain"]:.3f} s, ratio {ratio:.2f}x')
    if args.out:
        about = {
            'images': args.images,
            'size': args.size,
            'torch': torch.__version__,
            'mmpretrain': version('onedl-mmpretrain'),
            'threads': torch.get_num_threads(),
        }
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps({**about, 'rows': rows}, indent=1) + '\n')


if __name__ == '__main__':
    main()
