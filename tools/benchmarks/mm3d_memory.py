"""Memory of a training step of M&M-3D at full size, two views and one breast, for some numbers of slices.

    python tools/benchmarks/mm3d_memory.py --out projects/mm3d/results/memory.json

On a GPU by its allocator, with the seconds of a step. Without one, the real model runs forward and backward on fake
tensors, which have shapes and no numbers, while a tracker adds up what lives; layer norms then compute in float32, as
they do on a GPU. What depends on numbers is replaced: the losses by a sum over all that they read, and the choice of a
level for each RoI by the finest one.

``--times`` measures on this machine how long a step of each path takes beside keeping everything: in turns, in
float32, at a size that fits (``--size 160 96 --slices 8``), with the same share of the slice images kept.

Rows that ``--out`` already has of other variants or numbers of slices stay as they are.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from live_memory import GIB, LiveMemory, make_fake
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from torch import Tensor, nn

import mammo_plugins.registration  # noqa: F401  before anything imports mmdet
from mammo_plugins.apis.run_config import load_run_config
from mammo_plugins.structures import SliceBins
from mammo_plugins.structures.case_sample import MammoCaseSample, malignancy_label

from mmdet.registry import MODELS  # isort: skip
from mmdet.structures import DetDataSample  # isort: skip

# What is measured: a config, and the overrides of docs/training.md.
VARIANTS = {
    'headline': ('configs/mm3d_dbt.py', {}),
    'ffdm': ('configs/mnm_ffdm.py', {}),
    'low memory': ('projects/mm3d/configs/mm3d_low_memory.py', {}),
    '80 GB': ('projects/mm3d/configs/mm3d_low_memory.py', {'model.slices_kept': 12}),
    'plain': ('configs/mm3d_dbt.py', {'model.slices_at_once': None, 'model.roi_head.recompute_stages': False}),
}
# Paths whose seconds are compared, at 16 slices.
TIMED = {'plain': None, 'headline': 0, '80 GB': 12}
FULL_SIZE = (2208, 1120)  # 2200 x 1100, padded to a multiple of 32


def make_case(num_slices: int, size: tuple[int, int]) -> MammoCaseSample:
    """A breast of two views with one finding each."""
    case = MammoCaseSample()
    views = []
    for _ in range(2):
        view = DetDataSample(
            metainfo=dict(
                image_id=0,
                view='L-CC',
                homography_matrix=np.eye(3),
                slice_bins=SliceBins(num_slices, num_slices),
                num_slices=num_slices,
                img_shape=size,
                ori_shape=size,
                batch_input_shape=size,
                annotated=True,
            )  # fmt: skip
        )
        view.gt_instances = InstanceData(
            bboxes=torch.tensor([[100.0, 200.0, 180.0, 290.0]]), labels=torch.tensor([0]),
            slices=torch.tensor([num_slices // 2]),
        )  # fmt: skip
        views.append(view)
    case.views = views
    case.gt_malignancy = malignancy_label(1, [1, 1])
    return case


def build(variant: str) -> tuple[nn.Module, Config]:
    """The detector of a variant with fresh weights."""
    config, overrides = VARIANTS[variant]
    cfg = load_run_config(config, cfg_options={'model.backbone.pretrained': False, **overrides})
    init_default_scope(cfg.default_scope)
    return MODELS.build(cfg.model).train(), cfg


def autocast(cfg: Config, device: str) -> contextlib.AbstractContextManager:
    """Mixed precision as the config asks for it."""
    if cfg.optim_wrapper.type != 'AmpOptimWrapper':
        return contextlib.nullcontext()
    return torch.autocast(device, dtype=getattr(torch, cfg.optim_wrapper.dtype))


def on_gpu(variant: str, num_slices: int, size: tuple[int, int], steps: int = 3) -> dict[str, float]:
    """Peak of the allocator over whole training steps, and the seconds of the last one."""
    detector, cfg = build(variant)
    detector = detector.cuda()
    optimizer = torch.optim.AdamW(detector.parameters(), lr=2.5e-5)
    images = torch.rand(2 * num_slices, 3, *size, device='cuda')
    torch.cuda.reset_peak_memory_stats()
    for _ in range(steps):
        torch.cuda.synchronize()
        start = time.perf_counter()
        with autocast(cfg, 'cuda'):
            losses = detector.loss(images, [make_case(num_slices, size).to('cuda')])
        optimizer.zero_grad()
        sum(losses.values()).backward()
        optimizer.step()
        torch.cuda.synchronize()
        seconds = time.perf_counter() - start
    return {'peak_gib': torch.cuda.max_memory_allocated() / GIB, 'seconds_a_step': seconds}


def relative_times(num_slices: int, size: tuple[int, int], repeats: int = 9) -> dict[str, float]:
    """Median over rounds of the seconds of a training step over those of the plain path in the same round."""
    detectors = {}
    for name, kept in TIMED.items():
        detectors[name], _ = build('plain' if kept is None else 'headline')
        detectors[name].slices_kept = (kept or 0) * num_slices // 16
    images = torch.rand(2 * num_slices, 3, *size)
    rounds = []
    for _ in range(repeats + 1):
        seconds = {}
        for name, detector in detectors.items():
            start = time.perf_counter()
            sum(detector.loss(images, [make_case(num_slices, size)]).values()).backward()
            seconds[name] = time.perf_counter() - start
        rounds.append({name: value / seconds['plain'] for name, value in seconds.items()})
    return {name: statistics.median(measured[name] for measured in rounds[1:]) for name in TIMED}


class FinestLevel(nn.Module):
    """Pools every RoI from the finest level; the others get a gradient too.

    Args:
        extractor: mmdet's, whose pooling is used.
    """

    def __init__(self, extractor: nn.Module) -> None:
        super().__init__()
        self.num_inputs = extractor.num_inputs
        self.pooling = extractor.roi_layers[0]

    def forward(self, levels: list[Tensor], rois: Tensor) -> Tensor:
        return self.pooling(levels[0], rois) + sum(level.mean() for level in levels[1:])


def on_fake_tensors(variant: str, num_slices: int, size: tuple[int, int]) -> dict[str, float]:
    """Peak of what lives on fake tensors in a forward and backward pass with AdamW's state."""
    detector, cfg = build(variant)
    for stage, extractor in enumerate(detector.roi_head.bbox_roi_extractor):
        detector.roi_head.bbox_roi_extractor[stage] = FinestLevel(extractor)
    mode = make_fake(detector)
    for module in detector.modules():
        if isinstance(module, nn.LayerNorm):
            module.register_forward_pre_hook(_in_float32)
    with mode:
        optimizer = torch.optim.AdamW(detector.parameters(), lr=2.5e-5)
        images = torch.empty(2 * num_slices, 3, *size)
        with LiveMemory() as memory:
            for tensor in (images, *detector.parameters(), *detector.buffers()):
                memory.add(tensor)
            with autocast(cfg, 'cpu'):
                total = sum(_read_by_losses(detector, images, make_case(num_slices, size)))
            total.backward()
            optimizer.step()
    return {'peak_gib': memory.peak / GIB}


def _in_float32(module: nn.Module, inputs: tuple[Tensor]) -> tuple[Tensor]:
    return (inputs[0].float(),)


def _read_by_losses(detector: nn.Module, images: Tensor, case: MammoCaseSample) -> Iterator[Tensor]:
    (outputs,) = detector._forward(images, [case])
    for output in outputs:
        for tensor in (output.cls_scores, output.boxes, *output.log_weights):
            yield tensor.float().sum()


def main() -> None:
    """Prints a table and writes json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--slices', type=int, nargs='+', default=[8, 16, 32, 64])
    parser.add_argument('--variants', nargs='+', choices=VARIANTS, default=list(VARIANTS))
    parser.add_argument('--size', type=int, nargs=2, default=FULL_SIZE, metavar=('H', 'W'))
    parser.add_argument('--times', action='store_true', help='measure seconds beside the plain path instead')
    parser.add_argument('--out', type=Path, help='where the json goes')
    args = parser.parse_args()
    written = json.loads(args.out.read_text()) if args.out and args.out.is_file() else {}
    if args.times:
        (num_slices,) = args.slices
        written['times'] = {
            'size': args.size,
            'slices': num_slices,
            'torch': torch.__version__,
            'threads': torch.get_num_threads(),
            'over_plain': relative_times(num_slices, args.size),
        }
        print(written['times'])
    else:
        written |= measure_memory(args.variants, args.slices, tuple(args.size), written.get('rows', []))
    if args.out:
        args.out.write_text(json.dumps(written, indent=1) + '\n')


def measure_memory(variants: list[str], slices: list[int], size: tuple[int, int], kept: list[dict]) -> dict:
    """Prints a table; the rows measured before stay, but for those that are measured again."""
    has_gpu = torch.cuda.is_available()
    method = torch.cuda.get_device_name() if has_gpu else 'fake tensors'
    rows = []
    print(f'peak memory of a training step, by {method}')
    for name in variants:
        for num_slices in slices:
            measured = (on_gpu if has_gpu else on_fake_tensors)(name, num_slices, size)
            config, overrides = VARIANTS[name]
            rows.append({'variant': name, 'config': config, 'overrides': overrides, 'slices': num_slices,
                         'method': method, 'torch': torch.__version__, **measured})  # fmt: skip
            print(f'{name:>12} {num_slices:>4} slices: ' + ', '.join(f'{k} {v:.2f}' for k, v in measured.items()))
    measured_now = {(row['variant'], row['slices']) for row in rows}
    kept = [row for row in kept if (row['variant'], row['slices']) not in measured_now]
    return {'size': list(size), 'rows': kept + rows}


if __name__ == '__main__':
    main()
