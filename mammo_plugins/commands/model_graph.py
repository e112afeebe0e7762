"""``mammo model graph OUT.onnx --model NAME_OR_ZIP``: the network of a model for other runtimes."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from mammo_plugins.apis.export import export_graph

from .expected_errors import in_a_sentence
from .run_arguments import add_checkpoint_trust, add_config_overrides, add_model_choice


@in_a_sentence
def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Parses the command line and exports."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description='Write the network of a model as a graph of free size: from the tensor that preprocessing gives to '
        'boxes before suppression, labels or maps. Its outputs are compared with those of the model first.',
    )
    parser.add_argument('out', metavar='OUT', help='OUT.onnx, or OUT.pt2 for torch.export; OUT.json comes beside it')
    add_model_choice(parser)
    parser.add_argument(
        '--views',
        type=int,
        choices=(1, 2),
        default=2,
        help='of M&M-3D: a pair of views that attend to each other, or a lone one (default: %(default)s)',
    )
    add_config_overrides(parser, 'override config fields')
    add_checkpoint_trust(parser)
    args = parser.parse_args(argv)
    exported = export_graph(
        args.out,
        model=args.model,
        config=args.config,
        checkpoint=args.checkpoint,
        num_views=args.views,
        cfg_options=args.cfg_options,
        trust_checkpoint=args.trust_checkpoint,
    )
    for size, difference in exported.differences.items():
        print(f'input of {size}: up to {difference:.1e} away from the model')
    print(f'{exported.path}: {exported.path.stat().st_size / 1e6:.1f} MB; {exported.description} says what goes in')
    return 0
