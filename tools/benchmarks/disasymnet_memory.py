"""Memory of a training step of DisAsymNet on pairs of 1024 x 512, and of its classifier and a plain pair classifier.

    python tools/benchmarks/disasymnet_memory.py --out projects/disasymnet/results/memory.json

The model of each config takes its own step on fake tensors, which have shapes and no numbers, while a tracker adds up
what lives: both objectives with the frozen copy and Adam's state; each pair has a synthetic counterpart, which is the
most there can be.
"""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path

import torch
from live_memory import GIB, LiveMemory, make_fake, write_peaks
from mmdet.structures import DetDataSample
from mmengine.optim import OptimWrapper
from mmengine.registry import init_default_scope
from torch import nn

import mammo_plugins.registration  # noqa: F401  before anything imports mmdet
from mammo_plugins.apis.run_config import load_run_config
from mammo_plugins.structures.case_sample import MammoCaseSample

from mmdet.registry import MODELS  # isort: skip

FULL_SIZE = (1024, 512)
CONFIGS = ('late_fusion', 'asyc', 'disasymnet', 'disasymnet_low_memory')


def make_pairs(batch: int, size: tuple[int, int], with_synthetic: bool) -> list[MammoCaseSample]:
    """Labelled pairs without pixels; synthetic counterparts are (1, 1, H, W) each."""
    cases = []
    for index in range(batch):
        case = MammoCaseSample(metainfo=dict(case_id=str(index), group_by='bilateral'))
        case.views = [DetDataSample(metainfo=dict(num_slices=1, img_shape=size)) for _ in range(2)]
        case.gt_labels = dict(abnormal=float(index % 2))
        for side, view in enumerate(case.views):
            view.gt_labels = dict(abnormal=float(index % 2) * (1 - side))
            if with_synthetic:
                view.synthetic = torch.empty(1, 1, *size)
        cases.append(case)
    return cases


def take_step(model: nn.Module, images: torch.Tensor, cases: list[MammoCaseSample], amp: bool) -> None:
    """What ``train_step`` does, in mixed precision without the wrapper of mmengine, which wants a GPU."""
    precision = torch.autocast('cpu', dtype=torch.bfloat16) if amp else contextlib.nullcontext()
    parts = [part for part in (model.asyc, model.asyd) if part is not None]
    wrappers = [OptimWrapper(torch.optim.Adam(part.parameters(), lr=1e-4)) for part in parts]
    with precision:
        losses, normal = model._first_objective(images, cases)
    model._step_both(losses, wrappers)
    if normal is not None and model.refine:
        with precision:
            losses['loss_refine'] = model._classification_loss(model.asyc(model._network_input(normal)), cases)
        wrappers[0].update_params(losses['loss_refine'])


def peak_gib(name: str, amp: bool, batch: int, size: tuple[int, int]) -> float:
    """Peak of what lives in a step.

    Args:
        name: of the config.
        amp: mixed precision.
        batch: pairs.
        size: height and width, multiples of 32.
    """
    cfg = load_run_config(
        f'projects/disasymnet/configs/{name}.py', cfg_options={'model.asyc.backbone.pretrained': False}
    )
    init_default_scope(cfg.default_scope)
    model = MODELS.build(cfg.model).train()
    model.discriminator.follow(model.asyc)  # a copy of fake tensors would live in a mode of its own
    whole = nn.ModuleList([model, model.discriminator.network])
    with make_fake(whole):
        images = torch.empty(2 * batch, 3, *size)
        cases = make_pairs(batch, size, with_synthetic='disasymnet' in name)
        with LiveMemory() as memory:
            for tensor in (images, *whole.parameters(), *whole.buffers()):
                memory.add(tensor)
            take_step(model, images, cases, amp)
    return memory.peak / GIB


def main() -> None:
    """Prints a table and writes json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--configs', nargs='+', choices=CONFIGS, default=CONFIGS)
    parser.add_argument('--batch', type=int, nargs='+', default=[8])
    parser.add_argument('--size', type=int, nargs=2, default=FULL_SIZE, metavar=('H', 'W'))
    parser.add_argument('--out', type=Path, help='where the json goes')
    args = parser.parse_args()
    rows = []
    for name in args.configs:
        for amp in (False, True):
            for batch in args.batch:
                peak = peak_gib(name, amp, batch, tuple(args.size))
                rows.append({'config': name, 'amp': amp, 'batch': batch, 'peak_gib': peak})
                print(f'{name:>24} {"--amp" if amp else "":>6} batch {batch}: {peak:.2f} GiB')
    write_peaks(args.out, args.size, rows)


if __name__ == '__main__':
    main()
