"""``mammo test CONFIG CHECKPOINT``: predict and score the test set of a config."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from mammo_plugins.apis.model_bundle.choice import choose_model
from mammo_plugins.apis.run_config import leave_process_group
from mammo_plugins.apis.run_manifest import recorded_run
from mammo_plugins.apis.test import evaluate_checkpoint
from mammo_plugins.io.annotation_records import SPLITS

from .expected_errors import in_a_sentence
from .run_arguments import add_run_arguments, run_options


@in_a_sentence
def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Parses the command line and tests."""
    parser = argparse.ArgumentParser(prog=prog, description='Predict and score the test set of a config.')
    parser.add_argument('config', nargs='?', help='config file, for example configs/mm3d_dbt.py')
    parser.add_argument('checkpoint', nargs='?', help='weights, a path or URL')
    parser.add_argument('--model', metavar='NAME_OR_ZIP', help='in place of both: a model in one file; needs --ann')
    parser.add_argument(
        '--out',
        metavar='PATH',
        help='write what the config scores here: findings, else labels (CSV), else maps (folder); more lies beside it',
    )
    parser.add_argument('--split', choices=SPLITS, help='images, in place of those that the config names')
    add_run_arguments(parser)
    args = parser.parse_args(argv)
    if args.model is not None and args.ann is None:
        raise ValueError(f'model {args.model} knows of no data: give --ann, an annotation file')
    choice = choose_model(args.model, args.config, args.checkpoint, args.trust_checkpoint)
    for note in choice.notes:
        print(f'note: {note}')
    with recorded_run(args.out, 'test', vars(args)) as manifest:
        manifest.model = choice.description()
        if args.ann is not None:
            manifest.use_annotations(args.ann)
        evaluate_checkpoint(choice.config, choice.checkpoint, out=args.out, split=args.split, **run_options(args))
    leave_process_group()
    return 0
