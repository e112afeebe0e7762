"""Memory of a training step and of a prediction of GLAM on images of 2944 x 1920.

    python tools/benchmarks/glam_memory.py --out projects/glam/results/memory.json

The model of each config runs on fake tensors, which have shapes and no numbers, while a tracker adds up what lives:
forward, backward and Adam's state in training, forward alone in prediction. What depends on numbers, where the patches
lie, is replaced by the upper left corner, and the losses by a sum of squares of what they read.
"""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path

import torch
from live_memory import GIB, LiveMemory, make_fake, write_peaks
from mmengine.registry import init_default_scope
from torch import Tensor, nn

import mammo_plugins.registration  # noqa: F401  before anything imports mmdet
from mammo_plugins.apis.run_config import load_run_config

from mmdet.registry import MODELS  # isort: skip

FULL_SIZE = (2944, 1920)
CONFIGS = ('glam_global', 'glam_local', 'glam_joint', 'glam_joint_low_memory', 'gmic')


class CornerPatches(nn.Module):
    """Patches at the upper left corner, whatever the map says."""

    def __init__(self, patch_size: tuple[int, int]) -> None:
        super().__init__()
        self.patch_size = patch_size

    def forward(self, saliency: Tensor, image_shape: tuple[int, int], num_patches: int) -> Tensor:
        return torch.zeros(len(saliency), num_patches, 2, dtype=torch.long, device=saliency.device)


def peak_gib(name: str, training: bool, batch: int, size: tuple[int, int], patch: int | None) -> float:
    """Peak of what lives in a step.

    Args:
        name: of the config.
        training: a training step, else a prediction.
        batch: images.
        size: height and width.
        patch: side of a patch; None for that of the config.
    """
    cfg = load_run_config(f'projects/glam/configs/{name}.py')
    init_default_scope(cfg.default_scope)
    model = MODELS.build(cfg.model).train(training)
    if model.patch_selection is not None:
        model.patch_selection = CornerPatches((patch, patch) if patch else model.patch_selection.patch_size)
        model.negative_selection = None
    with make_fake(model):
        learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
        images, labels = torch.empty(batch, 1, *size), torch.empty(batch, len(model.label_names))
        with LiveMemory() as memory:
            for tensor in (images, *model.parameters(), *model.buffers()):
                memory.add(tensor)
            with contextlib.nullcontext() if training else torch.no_grad():
                found = model.look(images, model.train_patches if training else model.test_patches)
                if training:
                    predictions = [] if model.freeze_global else list(found.of_image.predictions)
                    predictions += [found.of_patches.prediction] if found.of_patches else []
                    predictions += [found.fused] if found.fused is not None else []
                    sum((one - labels).square().sum() for one in predictions).backward()
                    torch.optim.Adam(learned, lr=1e-5).step()
                else:
                    model.saliency(found, size)
    return memory.peak / GIB


def main() -> None:
    """Prints a table and writes json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--configs', nargs='+', choices=CONFIGS, default=CONFIGS)
    parser.add_argument('--batch', type=int, nargs='+', default=[1])
    parser.add_argument('--size', type=int, nargs=2, default=FULL_SIZE, metavar=('H', 'W'))
    parser.add_argument('--patch', type=int, help='side of a patch in place of that of the configs')
    parser.add_argument('--out', type=Path, help='where the json goes')
    args = parser.parse_args()
    rows = []
    for name in args.configs:
        for training in (True, False):
            for batch in args.batch:
                peak = peak_gib(name, training, batch, tuple(args.size), args.patch)
                step = 'training' if training else 'prediction'
                rows.append({'config': name, 'step': step, 'batch': batch, 'peak_gib': peak})
                print(f'{name:>22} {step:>10} batch {batch}: {peak:.2f} GiB')
    write_peaks(args.out, args.size, rows)


if __name__ == '__main__':
    main()
