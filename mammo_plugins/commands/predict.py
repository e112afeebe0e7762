"""``mammo predict SOURCE --config C --checkpoint K --out DIR``: find lesions in files."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from rich.console import Console

from mammo_plugins.apis.predict import PredictionRun, predict

from .expected_errors import in_a_sentence
from .run_arguments import add_model_arguments


@in_a_sentence
def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Parses the command line and predicts; exit code 2 where there is nothing to predict."""
    parser = argparse.ArgumentParser(
        prog=prog, description='Find lesions in a DICOM or PNG file, or in a folder of them.'
    )
    parser.add_argument('source', help='file or folder')
    parser.add_argument('--config', required=True, help='the config that the checkpoint was trained with')
    parser.add_argument('--checkpoint', required=True, help='weights, a path or URL')
    parser.add_argument('--out', required=True, metavar='DIR', help='folder for predictions.csv and report.html')
    add_model_arguments(parser, 'override config fields')
    args = parser.parse_args(argv)
    run = predict(
        args.source,
        config=args.config,
        checkpoint=args.checkpoint,
        out=args.out,
        device=args.device,
        cfg_options=args.cfg_options,
        trust_checkpoint=args.trust_checkpoint,
    )
    _print_summary(run)
    return 0


def _print_summary(run: PredictionRun) -> None:
    console = Console(highlight=False)
    for breast, malignancy in run.malignancy.items():
        console.print(f'{breast}: malignancy {malignancy:.3f}')
    for path, reason in run.left_out.items():
        console.print(f'left out: {path}: {reason}')
    console.print(f'{len(run.malignancy)} breasts predicted, {len(run.left_out)} files left out')
    console.print(f'{run.csv}\n{run.html}')
