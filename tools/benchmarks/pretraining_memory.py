"""Memory of a step of contrastive pretraining: 256 images of 224 x 224, two copies of each, ResNet-50 and LARS.

    python tools/benchmarks/pretraining_memory.py --out projects/msvcl/results/memory.json

The real model runs forward and backward with the optimiser's state on fake tensors, which have shapes and no numbers,
while a tracker adds up what lives.
"""

from __future__ import annotations

import argparse
import contextlib
import json
from pathlib import Path

import torch
from live_memory import GIB, LiveMemory, make_fake
from mmengine.registry import init_default_scope
from torch.nn import functional as F

import mammo_plugins.registration  # noqa: F401  before anything imports mmdet
from mammo_plugins.apis.run_config import load_run_config

from mmdet.registry import MODELS  # isort: skip

CONFIG = 'projects/msvcl/configs/msvcl_v2.py'
# Everything kept, or blocks computed again; and mixed precision.
PATHS = {
    'plain': (False, False),
    'plain, --amp': (False, True),
    'recomputed': (True, False),
    'recomputed, --amp': (True, True),
}


def peak_gib(path: str, images: int, size: int) -> float:
    """Peak of what lives in a step.

    Args:
        path: one of :data:`PATHS`.
        images: of which there are two copies each.
        size: sides of a crop.
    """
    recompute, amp = PATHS[path]
    cfg = load_run_config(CONFIG, cfg_options={'model.recompute': recompute, 'model.backbone.init_cfg': None})
    init_default_scope(cfg.default_scope)
    model = MODELS.build(cfg.model).train()
    with make_fake(model):
        # LARS has one number of state a weight, as SGD with momentum has.
        optimizer = torch.optim.SGD(model.parameters(), lr=0.3, momentum=0.9)
        copies = [torch.empty(images, 3, size, size) for _ in range(2)]
        with LiveMemory() as memory:
            for tensor in (*copies, *model.parameters(), *model.buffers()):
                memory.add(tensor)
            with torch.autocast('cpu', dtype=torch.bfloat16) if amp else contextlib.nullcontext():
                embeddings = model(copies)
            normalised = F.normalize(embeddings.float(), dim=1)
            (normalised @ normalised.T).logsumexp(1).mean().backward()
            optimizer.step()
    return memory.peak / GIB


def main() -> None:
    """Prints a table and writes json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--images', type=int, nargs='+', default=[64, 256])
    parser.add_argument('--size', type=int, default=224)
    parser.add_argument('--out', type=Path, help='where the json goes')
    args = parser.parse_args()
    rows = []
    for path in PATHS:
        for images in args.images:
            peak = peak_gib(path, images, args.size)
            rows.append({'path': path, 'images': images, 'peak_gib': peak})
            print(f'{path:>18} {images} images: {peak:.2f} GiB')
    if args.out:
        about = {'method': 'fake tensors', 'torch': torch.__version__, 'size': args.size, 'config': CONFIG}
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps({**about, 'rows': rows}, indent=1) + '\n')


if __name__ == '__main__':
    main()
