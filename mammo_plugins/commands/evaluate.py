"""``mammo evaluate PREDICTIONS --ann ANN``: score detections, labels or saliency maps, or compare two models."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mammo_plugins.apis.evaluate import ScoringOptions
from mammo_plugins.apis.evaluate.comparison import compare_predictions_files, print_comparisons
from mammo_plugins.apis.evaluate.group_averages import parse_averages, print_averages
from mammo_plugins.apis.evaluate.labels_file import (
    compare_labels_files,
    evaluate_labels_file,
    evaluate_labels_subgroups,
    print_labels,
)
from mammo_plugins.apis.evaluate.pairs_file import evaluate_pairs_file, print_pairs
from mammo_plugins.apis.evaluate.predictions_file import (
    choose_thresholds,
    evaluate_predictions_file,
    evaluate_subgroups_file,
    print_results,
    print_subgroups,
)
from mammo_plugins.apis.evaluate.saliency_folder import (
    compare_saliency_folders,
    evaluate_saliency_folder,
    evaluate_saliency_folder_subgroups,
    print_saliency,
)
from mammo_plugins.apis.model_bundle import find_bundle
from mammo_plugins.evaluation import SUBGROUPS, is_label_file
from mammo_plugins.evaluation.evaluate_saliency import GRIDS
from mammo_plugins.evaluation.pair_decisions import is_pair_file
from mammo_plugins.io.annotation_records import SPLITS

from .scoring_arguments import add_scoring_arguments, scoring_options

_REPLICATES = 1000  # of a comparison, which is nothing without them


def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Parses the command line and evaluates; exit code 2 for input that cannot be scored."""
    parser = _parser(prog)
    args = parser.parse_args(argv)
    _refuse_contradictions(args, parser)
    options = scoring_options(args, parser)
    try:
        _compare(args, options) if args.compare else _evaluate(args, options)
    except (ValueError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    return 0


def _parser(prog: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=prog, description='Score predictions: detections, labels or saliency maps.')
    parser.add_argument(
        'predictions',
        nargs='?',
        help='detections (CSV with the columns of the DBTex challenge), labels (CSV), pairs of findings (CSV), or '
        'saliency maps (folder)',
    )
    parser.add_argument(
        '--compare',
        nargs=2,
        metavar=('A', 'B'),
        help=f'test whether two models differ, in place of PREDICTIONS ({_REPLICATES} replicates without --bootstrap)',
    )
    add_scoring_arguments(parser, with_tables=True)
    parser.add_argument(
        '--permutations', type=int, default=0, metavar='N', help='with --compare, replicates of a permutation test too'
    )
    parser.add_argument('--by', choices=SUBGROUPS, help='score each group of images or findings by itself')
    parser.add_argument(
        '--average',
        action='append',
        metavar='NAME=GROUP,...',
        help='with --by, the mean over some groups of images, such as seen=GE,Hologic; may be given several times',
    )
    parser.add_argument(
        '--threshold', type=float, metavar='SCORE', help='count at this score: hits and false positives, labels, pixels'
    )
    parser.add_argument(
        '--map-grid',
        choices=GRIDS,
        help='of saliency maps, what counts: their own cells (map, the default) or stored pixels',
    )
    parser.add_argument(
        '--threshold-from', metavar='CSV', help='choose the score on predictions of another split, and count there'
    )
    parser.add_argument(
        '--threshold-split', choices=SPLITS, default='validation', help='that other split (default: validation)'
    )
    parser.add_argument(
        '--threshold-fp',
        type=float,
        default=0.5,
        metavar='FP',
        help='false positives per volume that the chosen score may have there (default: 0.5)',
    )
    parser.add_argument(
        '--model',
        metavar='NAME_OR_ZIP',
        help='count at the score that comes with a model, chosen for --threshold-fp on images of its own',
    )
    parser.add_argument('--json', metavar='OUT', help='write numbers, counts and curves here')
    parser.add_argument('--curves', metavar='OUT.csv', help='write FROC, ROC and precision-recall curves here')
    return parser


def _refuse_contradictions(args: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    if (args.predictions is None) == (args.compare is None):
        parser.error('give one file or folder of predictions, or --compare A B')
    if args.permutations and not args.compare:
        parser.error('--permutations goes with --compare')
    if sum(given is not None for given in (args.threshold, args.threshold_from, args.model)) > 1:
        parser.error('give one of --threshold, --threshold-from and --model')
    for name in ('by', 'threshold_from', 'model', 'curves'):
        if args.compare and getattr(args, name) is not None:
            parser.error(f'--{name.replace("_", "-")} goes with one file or folder of predictions')
    if args.average and not args.by:
        parser.error('--average goes with --by')
    for name in ('threshold_from', 'model', 'curves'):
        if args.by and getattr(args, name) is not None:
            parser.error(f'--{name.replace("_", "-")} does not go with --by')


def _evaluate(args: argparse.Namespace, options: ScoringOptions) -> None:
    if Path(args.predictions).is_dir():
        _refuse_detection_options(args, 'saliency maps', ('threshold_from', 'model', 'curves', 'average', 'targets'))
        _evaluate_saliency(args, options)
    elif is_pair_file(args.predictions):
        _refuse_detection_options(args, 'pairs', ('threshold', 'threshold_from', 'model', 'curves', 'targets'))
        averages = parse_averages(args.average or [])
        results, means = evaluate_pairs_file(
            args.predictions, options, by=args.by, averages=averages, json_out=args.json
        )
        print_pairs(results)
        print_averages({name: {'pairs': mean} for name, mean in means.items()})
    elif is_label_file(args.predictions):
        _refuse_detection_options(args, 'labels', ('threshold_from', 'model', 'curves', 'targets', 'map_grid'))
        _evaluate_labels(args, options)
    else:
        _refuse_map_grid(args)
        _evaluate_detections(args, options)


def _evaluate_detections(args: argparse.Namespace, options: ScoringOptions) -> None:
    if args.by:
        _refuse_threshold(args, '--by')
        how = dict(averages=parse_averages(args.average or []), json_out=args.json)
        results, means = evaluate_subgroups_file(args.predictions, options, args.by, **how)
        print_subgroups(results)
        print_averages(means)
        return
    thresholds = dict.fromkeys(options.protocols, args.threshold)
    if args.threshold_from:
        thresholds = choose_thresholds(args.threshold_from, options, args.threshold_split, args.threshold_fp)
    if args.model:
        thresholds = find_bundle(args.model).scores_at(args.threshold_fp, options.protocols, options.targets)
    results = evaluate_predictions_file(
        args.predictions, options, thresholds=thresholds, json_out=args.json, curves_out=args.curves
    )
    print_results(results)


def _refuse_detection_options(args: argparse.Namespace, what: str, names: Sequence[str]) -> None:
    given = [name for name in (*names, 'protocol') if getattr(args, name)]
    if given:
        raise ValueError(f'--{given[0].replace("_", "-")} does not go with {what}: leave it out')


def _refuse_map_grid(args: argparse.Namespace) -> None:
    if args.map_grid:
        raise ValueError('--map-grid goes with saliency maps: leave it out')


def _refuse_threshold(args: argparse.Namespace, option: str) -> None:
    if args.threshold is not None:
        raise ValueError(f'--threshold does not go with {option} of detections: leave it out')


def _evaluate_labels(args: argparse.Namespace, options: ScoringOptions) -> None:
    how = dict(threshold=_threshold(args), json_out=args.json)
    if args.by:
        averages = parse_averages(args.average or [])
        results, means = evaluate_labels_subgroups(args.predictions, options, args.by, averages=averages, **how)
        print_labels(results)
        print_averages(means)
    else:
        print_labels({'': evaluate_labels_file(args.predictions, options, **how)})


def _evaluate_saliency(args: argparse.Namespace, options: ScoringOptions) -> None:
    how = dict(threshold=_threshold(args), grid=args.map_grid or 'map', json_out=args.json)
    if args.by:
        print_saliency(evaluate_saliency_folder_subgroups(args.predictions, options, args.by, **how))
    else:
        print_saliency({'': evaluate_saliency_folder(args.predictions, options, **how)})


def _threshold(args: argparse.Namespace) -> float:
    return 0.5 if args.threshold is None else args.threshold


def _compare(args: argparse.Namespace, options: ScoringOptions) -> None:
    options = replace(options, bootstrap=options.bootstrap or _REPLICATES)
    how = dict(permutations=args.permutations, json_out=args.json)
    kinds = [Path(path).is_dir() for path in args.compare]
    if any(kinds) and not all(kinds):
        raise ValueError(f'--compare {" ".join(args.compare)}: a folder of maps goes with another one only')
    if all(kinds):
        _refuse_detection_options(args, 'saliency maps', ())
        how |= dict(threshold=_threshold(args), grid=args.map_grid or 'map')
        print_comparisons(compare_saliency_folders(*args.compare, options, **how))
    elif is_label_file(args.compare[0]):
        _refuse_detection_options(args, 'labels', ('map_grid',))
        print_comparisons(compare_labels_files(*args.compare, options, threshold=_threshold(args), **how))
    else:
        _refuse_map_grid(args)
        _refuse_threshold(args, '--compare')
        print_comparisons(compare_predictions_files(*args.compare, options, **how))
