"""Reading volumes: M&M-3D against M&M slice by slice (Buda); backbone, heads and the whole.

    python tools/benchmarks/mm3d_inference.py --out projects/mm3d/results/inference.json

One breast of two views of S slices through ``configs/mm3d_dbt.py`` and ``projects/mm3d/configs/buda_dbt.py``, in turn,
in one process, with the same random weights. Proposals start at random places, as trained ones do, not as whole images.
Both read the same slice images through the same backbone, two at a time unless told otherwise, as Buda does.

Seconds are those of

- backbone and neck;
- the heads: everything from the feature levels to what the last head says, RoIAlign included;
- the rest: initial proposals, selection, and Buda's merging of slices.

Each is the fewest of the interleaved repeats: that run was the one that other processes disturbed least. No detector
that reads every slice can do with less than its backbone and neck, so their share is the limit of any gain.

On a GPU images have the paper's 1100 x 2200 pixels, without one a quarter of the sides, unless told otherwise.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path

import torch
from mm3d_memory import make_case
from mmengine.registry import init_default_scope
from torch import Tensor, nn

import mammo_plugins.registration  # noqa: F401  before anything imports mmdet
from mammo_plugins.apis.run_config import load_run_config
from mammo_plugins.structures.case_sample import MammoCaseSample

from mmdet.registry import MODELS  # isort: skip

CONFIGS = {'mm3d': 'configs/mm3d_dbt.py', 'buda': 'projects/mm3d/configs/buda_dbt.py'}
FULL_SIZE = (1100, 2200)
SMALL_SIZE = (275, 550)
"""Width and length in pixels, on a GPU and without one."""
PAPER = (16, 100)
"""Slices and proposals of the paper."""
PARTS = ('backbone', 'heads', 'rest', 'whole')


class TimedDetector:
    """A detector that says how long its parts take; a GPU finishes what it was given before and after each.

    Args:
        detector: its methods are replaced by timed ones.
        device: ``cpu`` or ``cuda``.
    """

    def __init__(self, detector: nn.Module, device: str) -> None:
        self.detector = detector
        self.device = device
        self._seconds: dict[str, float] = {}
        self._time(detector, 'extract_feat', 'backbone')
        self._time(detector.roi_head, 'hold', 'features')
        self._time(detector.roi_head, '_run_cascade', 'heads')
        self._time(detector, 'predict', 'whole')

    @torch.no_grad()
    def read(self, images: Tensor, case: MammoCaseSample) -> dict[str, float]:
        """Seconds of each part of predicting one breast."""
        self._seconds = dict.fromkeys((*PARTS, 'features'), 0.0)
        self.detector.predict(images, [case])
        # Features go through the backbone while they are being laid out.
        self._seconds['heads'] += self._seconds.pop('features') - self._seconds['backbone']
        self._seconds['rest'] = self._seconds['whole'] - self._seconds['backbone'] - self._seconds['heads']
        return self._seconds

    def _time(self, owner: nn.Module, method: str, part: str) -> None:
        function = getattr(owner, method)

        def timed(*args, **kwargs):
            start = self._now()
            result = function(*args, **kwargs)
            self._seconds[part] += self._now() - start
            return result

        setattr(owner, method, timed)

    def _now(self) -> float:
        if self.device == 'cuda':
            torch.cuda.synchronize()
        return time.perf_counter()


def build_detectors(proposals: int, slices_at_once: int, device: str) -> dict[str, TimedDetector]:
    """Both detectors with the same weights."""
    torch.manual_seed(0)
    detectors = {}
    for name, config in CONFIGS.items():
        cfg = load_run_config(config, cfg_options={'model.rpn_head.num_proposals': proposals})
        init_default_scope(cfg.default_scope)
        detectors[name] = MODELS.build(cfg.model).to(device).eval()
    detectors['mm3d'].slices_at_once = slices_at_once
    spread_proposals(detectors['mm3d'].rpn_head.init_proposal_bboxes)
    detectors['buda'].load_state_dict(detectors['mm3d'].state_dict())
    return {name: TimedDetector(detector, device) for name, detector in detectors.items()}


@torch.no_grad()
def spread_proposals(boxes: nn.Embedding) -> None:
    """Centres anywhere, sides from a twentieth to two fifths of the image's."""
    boxes.weight[:, :2] = torch.rand_like(boxes.weight[:, :2])
    boxes.weight[:, 2:] = 0.05 + 0.35 * torch.rand_like(boxes.weight[:, 2:])


def measure(
    slices: int, proposals: int, size: tuple[int, int], repeats: int, slices_at_once: int, device: str
) -> dict[str, float]:
    """Fewest seconds of each part of both detectors, and the ratios of M&M-3D to Buda."""
    detectors = build_detectors(proposals, slices_at_once, device)
    images = torch.randn(2 * slices, 1, *size, device=device).expand(-1, 3, -1, -1)
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in detectors}
    for _ in range(repeats + 1):  # the first one warms up
        for name, detector in detectors.items():
            runs[name].append(detector.read(images, make_case(slices, size).to(device)))
    row: dict[str, float] = {'slices': slices, 'proposals': proposals}
    for name, seconds in runs.items():
        row.update({f'{name}_{part}_s': min(run[part] for run in seconds[1:]) for part in PARTS})
    row['heads_ratio'] = row['mm3d_heads_s'] / row['buda_heads_s']
    row['whole_ratio'] = row['mm3d_whole_s'] / row['buda_whole_s']
    row['buda_backbone_share'] = row['buda_backbone_s'] / row['buda_whole_s']
    return row


def print_row(row: dict[str, float]) -> None:
    """One line of the table: the parts of M&M-3D, those of Buda, and the ratios."""
    seconds = ''.join(f'{row[f"{name}_{part}_s"]:>10.3f}' for name in CONFIGS for part in PARTS)
    print(f'{row["slices"]:>3} {row["proposals"]:>4}{seconds}{row["heads_ratio"]:>8.2f}{row["whole_ratio"]:>8.2f}')


def padded(width: int, length: int) -> tuple[int, int]:
    """Height and width that the preprocessor gives the network."""
    return math.ceil(length / 32) * 32, math.ceil(width / 32) * 32


def parse_arguments(device: str) -> argparse.Namespace:
    """The command line; the image size depends on the device."""
    width, length = FULL_SIZE if device == 'cuda' else SMALL_SIZE
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--width', type=int, default=width, help='pixels (default: %(default)s)')
    parser.add_argument('--length', type=int, default=length, help='pixels (default: %(default)s)')
    parser.add_argument('--slices', type=int, nargs='+', default=[1, 4, 8, 16, 32], help="with the paper's proposals")
    parser.add_argument('--proposals', type=int, nargs='+', default=[25, 50, 100], help="with the paper's slices")
    parser.add_argument('--slices-at-once', type=int, default=2, help='images in the backbone of M&M-3D (default: 2)')
    parser.add_argument('--repeats', type=int, default=2)
    parser.add_argument('--only', type=int, nargs=2, metavar=('S', 'N'), help='these slices and proposals, no others')
    parser.add_argument('--out', type=Path, help='where the json goes')
    return parser.parse_args()


def main() -> None:
    """Prints a table, writes json, and ends with the ratios of the last row, the paper's slices and proposals."""
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    args = parse_arguments(device)
    size = padded(args.width, args.length)
    sizes = [(count, PAPER[1]) for count in args.slices] + [(PAPER[0], count) for count in args.proposals]
    others = [given for given in dict.fromkeys(sizes) if given != PAPER]
    chosen = [tuple(args.only)] if args.only else [*others, PAPER]
    parts = ''.join(f'{part:>10}' for part in PARTS)
    print(f'{"":8}{"M&M-3D, seconds":^40}{"Buda, seconds":^40}{"M&M-3D / Buda":>16}')
    print(f'{"S":>3} {"N":>4}{parts}{parts}{"heads":>8}{"whole":>8}')
    rows = []
    for slices, proposals in chosen:
        rows.append(measure(slices, proposals, size, args.repeats, args.slices_at_once, device))
        print_row(rows[-1])
    if args.out:
        settings = {
            'device': torch.cuda.get_device_name() if device == 'cuda' else 'cpu',
            'threads': torch.get_num_threads(),
            'torch': torch.__version__,
            'views': 2,
            'padded_height_width': list(size),
            'slices_at_once': args.slices_at_once,
            'repeats': args.repeats,
        }
        args.out.write_text(json.dumps({**settings, 'rows': rows}, indent=1) + '\n')
    print(f'backbone and neck take {rows[-1]["buda_backbone_share"]:.0%} of Buda, which no heads can save')
    print(f'heads {rows[-1]["heads_ratio"]:.2f}x')
    print(f'whole {rows[-1]["whole_ratio"]:.2f}x')


if __name__ == '__main__':
    main()
