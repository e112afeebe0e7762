"""A training step of DisAsymNet against that of a plain ResNet-18 pair classifier, and how it grows with the blocks.

    python tools/benchmarks/disasymnet_step.py --threads 2 --out projects/disasymnet/results/step_time.json

The plain classifier is the baseline late fusion: the same ResNet-18, pooled features of both sides side by side. A step
is the model's own ``train_step`` with the optimisers of its config: of DisAsymNet both objectives with the frozen copy.
Every second pair is normal and has a synthetic counterpart, as in training. All run in turn on the same pairs in one
process; a ratio is the median over the rounds of the quotient within a round, and what a block adds is a part of the
plain step too.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from disasymnet_memory import FULL_SIZE, make_pairs
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from rounds import median_ratio, median_seconds, time_rounds

import mammo_plugins.registration  # noqa: F401  before anything imports mmdet
from mammo_plugins.apis.inference import find_device
from mammo_plugins.apis.run_config import load_run_config

from mmdet.registry import MODELS  # isort: skip

PLAIN = 'late_fusion'
CONFIGS = ('asyc', 'disasymnet', 'disasymnet_low_memory')


def make_batch(batch: int, size: tuple[int, int]) -> dict[str, list]:
    """Labelled pairs of noise as the loader gives them; images are (1, 1, H, W)."""
    rng = torch.Generator().manual_seed(0)
    cases = make_pairs(batch, size, with_synthetic=False)
    for case in cases[::2]:  # the normal ones
        for view in case.views:
            view.synthetic = torch.rand(1, 1, *size, generator=rng)
    inputs = [[torch.rand(1, 1, *size, generator=rng) for _ in case.views] for case in cases]
    return dict(inputs=inputs, data_samples=cases)


def make_step(
    name: str, blocks: int | None, batch: int, size: tuple[int, int], device: torch.device
) -> Callable[[], None]:
    """What a step of a config does.

    Args:
        name: of the config.
        blocks: of its transformer; None for a config without one.
        batch: pairs.
        size: height and width, multiples of 32.
        device: where it runs.
    """
    options = {'model.asyc.backbone.pretrained': False}
    if blocks is not None:
        options['model.asyc.fusion.num_blocks'] = blocks
    cfg = load_run_config(f'projects/disasymnet/configs/{name}.py', cfg_options=options)
    init_default_scope(cfg.default_scope)
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    model.init_weights()  # numbers that vanish in the blocks would slow a CPU down
    model.to(device).train()
    optimisers = build_optim_wrapper(model, cfg.optim_wrapper)

    def step() -> None:
        model.train_step(make_batch(batch, size), optimisers)
        if device.type == 'cuda':
            torch.cuda.synchronize(device)

    return step


def measure(
    runs: dict[str, Callable[[], None]], configs: Sequence[str], blocks: Sequence[int], repeats: int
) -> tuple[list[dict], dict[str, float]]:
    """A row of each run, and of each config what a block adds, in parts of the plain step."""
    rounds = time_rounds(runs, repeats)
    seconds = median_seconds(rounds)
    rows = [{'run': name, 'seconds': seconds[name], 'ratio': median_ratio(rounds, name, PLAIN)} for name in runs]
    fewest, most = min(blocks), max(blocks)
    growth = {
        config: statistics.median(
            (one[run_name(config, most)] - one[run_name(config, fewest)]) / (most - fewest) / one[PLAIN]
            for one in rounds
        )
        for config in configs
        if most > fewest
    }
    return rows, growth


def run_name(config: str, blocks: int) -> str:
    """What a run is called in the json."""
    return f'{config}, {blocks} blocks'


def main() -> None:
    """Prints a table and writes json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--configs', nargs='+', choices=CONFIGS, default=CONFIGS)
    parser.add_argument('--blocks', type=int, nargs='+', default=[1, 4, 12], help='the paper has 12')
    parser.add_argument('--batch', type=int, default=2, help='pairs (default: %(default)s)')
    parser.add_argument('--size', type=int, nargs=2, default=FULL_SIZE, metavar=('H', 'W'))
    parser.add_argument('--repeats', type=int, default=5)
    parser.add_argument('--threads', type=int, default=torch.get_num_threads())
    parser.add_argument('--device', help='the first GPU by default, the CPU where there is none')
    parser.add_argument('--out', type=Path, help='where the json goes')
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    device, size = find_device(args.device), tuple(args.size)
    runs = {PLAIN: make_step(PLAIN, None, args.batch, size, device)}
    for config in args.configs:
        for blocks in args.blocks:
            runs[run_name(config, blocks)] = make_step(config, blocks, args.batch, size, device)
    rows, growth = measure(runs, args.configs, args.blocks, args.repeats)
    if args.out:
        about = {
            'size': list(size),
            'batch': args.batch,
            'repeats': args.repeats,
            'device': torch.cuda.get_device_name(device) if device.type == 'cuda' else platform.machine(),
            'threads': torch.get_num_threads(),
            'torch': torch.__version__,
        }
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps({**about, 'rows': rows, 'block_adds': growth}, indent=1) + '\n')
    for row in rows:
        print(f'{row["run"]:>34} {row["seconds"]:.3f} s {row["ratio"]:.2f}x')
    for config, share in growth.items():
        print(f'a block of {config} adds {share:.3f} of a plain step')


if __name__ == '__main__':
    main()
