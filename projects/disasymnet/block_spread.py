"""How far AsyC's blocks blur at the start: spread over places in parts of the mean, after each of 12 blocks.

``python projects/disasymnet/block_spread.py --json projects/disasymnet/results/block_spread.json``
"""

from __future__ import annotations

import argparse
import json
import logging
import platform
from pathlib import Path

import torch
from mmengine.logging import MMLogger

import mammo_plugins.registration  # noqa: F401
from mammo_plugins.models.bilateral import AsymmetricTransformer

CHANNELS, SIZE, SEED = 512, (16, 8), 0


@torch.no_grad()
def measure(residual: bool, own_initialisation: bool) -> list[float]:
    """Spread after each block, from rectified normal features of one pair."""
    torch.manual_seed(SEED)
    tokens = torch.randn(1, 2, SIZE[0] * SIZE[1], CHANNELS).relu()
    model = AsymmetricTransformer(CHANNELS, residual=residual)
    if own_initialisation:
        model.init_weights()
    spreads = []
    for block in model.blocks:
        tokens = block(tokens)
        spreads.append(float(f'{(tokens.std(dim=2).mean() / tokens.abs().mean()).item():.3g}'))
    return spreads


def main() -> None:
    """Measures and writes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--json', type=Path, required=True, help='file to write')
    args = parser.parse_args()
    MMLogger.get_instance('mmengine').setLevel(logging.WARNING)
    content = {
        'channels': CHANNELS,
        'places': SIZE[0] * SIZE[1],
        'seed': SEED,
        'torch': torch.__version__,
        'machine': platform.machine(),
        'spread': {
            f'{"residual" if residual else "literal"}, {"own" if own else "torch"} initialisation': measure(
                residual, own
            )
            for residual in (False, True)
            for own in (True, False)
        },
    }
    args.json.parent.mkdir(parents=True, exist_ok=True)
    args.json.write_text(json.dumps(content, indent=1) + '\n')


if __name__ == '__main__':
    main()
