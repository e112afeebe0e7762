"""One head of M&M-3D, forward and backward, against Algorithm 1 taken literally.

    python tools/benchmarks/mm3d_head.py --out projects/mm3d/results/head.json

The literal loop makes the kernels of the dynamic convolution anew for every slice, with mmdet's own head. All run in
turn in one process on the same numbers. A table says how the cost grows with slices and proposals; the last line is the
ratio at the paper's size.

The loop is timed twice. As Algorithm 1 is written, it indexes the RoI features by slice (``roi_feats[:, s]``), and the
gradient of each indexing is a tensor of all slices. A loop that takes the slices apart first (``unbind``) is spared
that; the ratio to it is on the line before the last.

Times are those of the fastest of the interleaved repeats: that run was the one that other processes disturbed least.
Medians on a busy machine flatter us, since the loop has many more points where one core waits for the other.
"""

from __future__ import annotations

import argparse
import copy
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from mmengine.registry import init_default_scope
from torch import Tensor, nn

import mammo_plugins.registration  # noqa: F401  before anything imports mmdet
from mammo_plugins.apis.run_config import load_run_config

from mmdet.models.layers import DynamicConv  # isort: skip
from mmdet.registry import MODELS  # isort: skip

ROI = 7


def build_head() -> nn.Module:
    """The head of the paper's config."""
    init_default_scope('mmdet')
    cfg = load_run_config('configs/mm3d_dbt.py').model.roi_head.bbox_head
    return MODELS.build(dict(cfg, cross_view_attention=None))


class LiteralHead(nn.Module):
    """Algorithm 1 slice by slice, with the weights of a head of ours."""

    def __init__(self, head: nn.Module) -> None:
        super().__init__()
        self.head = copy.deepcopy(head)
        conv = head.instance_interactive_conv
        self.dynamic_conv = DynamicConv(
            conv.in_channels, conv.feat_channels, conv.out_channels, ROI, dict(type='ReLU', inplace=True),
            norm_cfg=dict(type='LN'),
        )  # fmt: skip
        self.dynamic_conv.load_state_dict(conv.state_dict())

    def forward(self, proposal_feats: Tensor, roi_feats: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        of_slices, scores = [], []
        for of_slice in roi_feats:
            mixed = self.dynamic_conv(proposal_feats, of_slice)
            feats = self.head.instance_interactive_conv_norm(proposal_feats + mixed)
            feats = self.head.ffn_norm(self.head.ffn(feats))
            of_slices.append(feats)
            scores.append(self.head.malignancy_logits(feats))
        weights = torch.stack(scores, dim=1).softmax(dim=1)
        return (weights[..., None] * torch.stack(of_slices, dim=1)).sum(dim=1), weights


def run(forward: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]], proposals: Tensor, rois: Tensor) -> tuple:
    """Fused features, weights, and the gradient of the RoI features."""
    rois = rois.clone().requires_grad_()
    features, weights = forward(proposals, rois)
    (features.square().sum() + weights[:, 0].sum()).backward()
    return features.detach(), weights.detach(), rois.grad


def measure(slices: int, proposals: int, repeats: int, device: str) -> dict[str, float]:
    """Fewest seconds of ours and of both loops, in turn, and the largest difference."""
    torch.manual_seed(0)
    head = build_head().to(device)
    literal = LiteralHead(head).to(device)
    hidden = head.in_channels
    given = (
        torch.randn(proposals, hidden, device=device),
        torch.randn(proposals, slices, hidden, ROI, ROI, device=device),
    )

    def ours(proposal_feats: Tensor, roi_feats: Tensor) -> tuple[Tensor, Tensor]:
        fused = head.fuse_slices(proposal_feats, roi_feats)
        return fused.features, fused.log_weights.exp()

    def as_written(proposal_feats: Tensor, roi_feats: Tensor) -> tuple[Tensor, Tensor]:
        return literal(proposal_feats, [roi_feats[:, index] for index in range(slices)])

    def unbound(proposal_feats: Tensor, roi_feats: Tensor) -> tuple[Tensor, Tensor]:
        return literal(proposal_feats, roi_feats.unbind(1))

    ways = {'ours': ours, 'literal': as_written, 'unbound': unbound}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    results = {}
    for _ in range(repeats + 1):  # the first one warms up
        for name, forward in ways.items():
            if device == 'cuda':
                torch.cuda.synchronize()
            start = time.perf_counter()
            results[name] = run(forward, *given)
            if device == 'cuda':
                torch.cuda.synchronize()
            seconds[name].append(time.perf_counter() - start)
    fewest = {name: min(values[1:]) for name, values in seconds.items()}
    differences = [float((a - b).abs().max() / b.abs().max()) for a, b in zip(results['ours'], results['literal'])]
    return {
        'slices': slices,
        'proposals': proposals,
        'seconds_ours': fewest['ours'],
        'seconds_literal': fewest['literal'],
        'seconds_literal_unbound': fewest['unbound'],
        'ratio': fewest['literal'] / fewest['ours'],
        'ratio_unbound': fewest['unbound'] / fewest['ours'],
        'largest_relative_difference': max(differences),
    }


def main() -> None:
    """Prints a table, writes json, and ends with the ratio of the last row, the paper's size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--repeats', type=int, default=5)
    parser.add_argument('--only', type=int, nargs=2, metavar=('S', 'N'), help='these slices and proposals, no others')
    parser.add_argument('--out', type=Path, help='where the json goes')
    args = parser.parse_args()
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    sizes = [(1, 100), (4, 100), (8, 100), (32, 100), (16, 25), (16, 50), (16, 100)]
    sizes = [tuple(args.only)] if args.only else sizes
    rows = []
    print(
        f'{"slices":>6} {"proposals":>9} {"ours":>8} {"literal":>8} {"ratio":>6} {"unbound":>8} {"ratio":>6} '
        f'{"difference":>10}'
    )
    for slices, proposals in sizes:
        row = measure(slices, proposals, args.repeats, device)
        print(
            f'{slices:>6} {proposals:>9} {row["seconds_ours"]:>7.3f}s {row["seconds_literal"]:>7.3f}s '
            f'{row["ratio"]:>6.2f} {row["seconds_literal_unbound"]:>7.3f}s {row["ratio_unbound"]:>6.2f} '
            f'{row["largest_relative_difference"]:>10.1e}'
        )
        rows.append(row)
    if args.out:
        content = {'device': device, 'threads': torch.get_num_threads(), 'torch': torch.__version__, 'rows': rows}
        args.out.write_text(json.dumps(content, indent=1) + '\n')
    print(f'{rows[-1]["ratio_unbound"]:.1f}x against the loop over slices taken apart first')
    print(f'{rows[-1]["ratio"]:.1f}x')


if __name__ == '__main__':
    main()
