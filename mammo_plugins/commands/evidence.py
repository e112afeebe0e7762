"""``mammo evidence freeze|run|ledger``: fix an evaluation, carry it out, and show who looked at the test set."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from mammo_plugins.apis.evidence import PlanOptions, freeze_plan, ledger_path, read_ledger, read_plan
from mammo_plugins.apis.evidence.freezing import PROTOCOLS, UNREADABLE
from mammo_plugins.apis.evidence.ledger import LOOK, count_looks, require_results
from mammo_plugins.apis.evidence.partition import BROKEN, NOT_SHOWN
from mammo_plugins.apis.evidence.perturbations import MEANINGS
from mammo_plugins.apis.evidence.plan import SKIPPABLE
from mammo_plugins.apis.evidence.test_list import RULE_HELP
from mammo_plugins.apis.run_manifest import recorded_run
from mammo_plugins.evaluation import SUBGROUPS
from mammo_plugins.io.annotation_records import MODALITIES, SPLITS
from mammo_plugins.io.source_digest import digest_file

from .expected_errors import in_a_sentence
from .run_arguments import add_checkpoint_trust
from .scoring_arguments import add_hit_pixels_argument, protocol_name


@in_a_sentence
def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Parses the command line and does one of the three.

    Returns:
        0; 1 where something that was tested was there in training too, or not all training data that were named could
        be compared; 2 where nothing can be done, or the plan, the
        data, the model or the ledger were changed.
    """
    args = _build_parser(prog).parse_args(argv)
    return args.run(args)


def _build_parser(prog: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        description='Evidence about a model: a plan that is fixed before anything is scored, the numbers and what '
        'belongs to them on one page, and a ledger of every look at the test set.',
    )
    commands = parser.add_subparsers(metavar='COMMAND', required=True)
    _add_freeze(commands.add_parser('freeze', help='write the plan: protocol, test list, thresholds, model'))
    _add_run(commands.add_parser('run', help='score the test list of a plan, and write the evidence'))
    ledger = commands.add_parser('ledger', help='show the looks at the test list, and whether their chain holds')
    ledger.add_argument('plan', metavar='PLAN.json')
    ledger.add_argument(
        '--evidence', metavar='EVIDENCE.json', help='check that these results are those of a look in the ledger'
    )
    ledger.set_defaults(run=_ledger)
    return parser


def _add_freeze(parser: argparse.ArgumentParser) -> None:
    default = PlanOptions()
    parser.add_argument('--model', required=True, metavar='NAME_OR_ZIP', help='the model, see "mammo model list"')
    parser.add_argument('--ann', required=True, metavar='JSON', help='annotation file')
    parser.add_argument('--split', choices=SPLITS, default=default.split, help='images to test (default: %(default)s)')
    parser.add_argument(
        '--modality',
        choices=MODALITIES,
        help='of a model that reads several together, that which is scored (default: all that it reads)',
    )
    parser.add_argument('--out', required=True, metavar='PLAN.json', help='the plan, a new file')
    parser.add_argument(
        '--protocol',
        action='append',
        type=protocol_name,
        metavar='NAME',
        help='how detections are counted; the first number of the first one is the primary result '
        f'(default: {" and ".join(PROTOCOLS)} of a model that gives findings)',
    )
    add_hit_pixels_argument(parser)
    parser.add_argument('--targets', nargs='+', metavar='NAME', help='findings to be found, as of mammo evaluate')
    parser.add_argument(
        '--threshold-fp', type=float, metavar='FP', help="the model's threshold for so many false positives a volume"
    )
    parser.add_argument(
        '--label-threshold',
        type=float,
        default=default.label_threshold,
        metavar='P',
        help='probability from which on a label is called present (default: %(default)s)',
    )
    parser.add_argument('--subgroups', nargs='+', choices=SUBGROUPS, default=(), metavar='BY',
                        help=f'report and test groups by {", ".join(SUBGROUPS)}')  # fmt: skip
    parser.add_argument('--exclude', nargs='+', default=(), metavar='RULE', help=f'leave images out: {RULE_HELP}')
    parser.add_argument(
        '--unreadable',
        choices=UNREADABLE,
        default=default.unreadable,
        help='exclude images that cannot be read, or count them as images without a finding (default: %(default)s)',
    )
    parser.add_argument('--min-cell', type=int, default=default.min_cell, metavar='N',
                        help='flag subgroups of fewer patients (default: %(default)s)')  # fmt: skip
    parser.add_argument('--bootstrap', type=int, default=default.bootstrap, metavar='N',
                        help='replicates of all intervals (default: %(default)s)')  # fmt: skip
    parser.add_argument('--seed', type=int, default=default.seed, help='of the replicates (default: %(default)s)')
    parser.add_argument('--robustness', nargs='*', choices=tuple(MEANINGS), default=tuple(default.robustness),
                        metavar='CHANGE', help='measure the effect of these (default: %(default)s)')  # fmt: skip
    parser.add_argument('--key', metavar='FILE', help='sign the plan with the bytes of this file (HMAC-SHA256)')
    parser.set_defaults(run=_freeze)


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('plan', metavar='PLAN.json')
    parser.add_argument('--out', required=True, metavar='DIR', help='folder for evidence.html, evidence.json and more')
    parser.add_argument(
        '--predictions',
        nargs='+',
        default=(),
        metavar='CSV',
        help='what "mammo test --model" or "mammo predict --model" wrote, with its run.json, in place of predicting',
    )
    parser.add_argument('--model', metavar='NAME_OR_ZIP', help='where the model is now, if it was moved')
    parser.add_argument('--ann', metavar='JSON', help='where the annotation file is now, if it was moved')
    parser.add_argument(
        '--others', nargs='+', default=(), metavar='ANN.json', help='further training data, for the partition proof'
    )
    parser.add_argument('--who', default='', metavar='NAME', help='who looks, for the ledger (default: blank)')
    parser.add_argument('--key', metavar='FILE', help='check the signature of the plan with this file')
    parser.add_argument('--skip', nargs='+', choices=SKIPPABLE, default=(), help='leave out what predicts again')
    parser.add_argument('--examples', type=int, default=6, metavar='N',
                        help='most misses and false marks that are shown (default: %(default)s)')  # fmt: skip
    parser.add_argument('--repeat-images', type=int, default=20, metavar='N',
                        help='images to predict again and again (default: %(default)s)')  # fmt: skip
    parser.add_argument('--workers', type=int, metavar='N', help='processes that read files (default: one a core)')
    parser.add_argument('--device', help='such as cuda:1 or cpu (default: the first GPU, or the CPU)')
    add_checkpoint_trust(parser)
    parser.set_defaults(run=_run)


def _freeze(args: argparse.Namespace) -> int:
    options = PlanOptions(
        split=args.split,
        modality=args.modality,
        protocols=args.protocol,
        hit_pixels_of=args.hit_pixels_of,
        hit_radius_px=args.hit_radius_px,
        targets=args.targets,
        threshold_fp=args.threshold_fp,
        label_threshold=args.label_threshold,
        subgroups=args.subgroups,
        exclude=args.exclude,
        unreadable=args.unreadable,
        min_cell=args.min_cell,
        bootstrap=args.bootstrap,
        seed=args.seed,
        robustness=args.robustness,
    )
    plan = freeze_plan(args.model, args.ann, args.out, options, args.key)
    content = plan.content
    excluded = len(content['exclusions']['images'])
    print(f'{plan.path}: {len(plan.image_ids)} images to test, {excluded} excluded; {plan.signature}')
    for point in content['thresholds']:
        print(f'threshold {point["score"]:.6g} ({point["protocol"]}), chosen on {point["split"]}'
              if point['score'] is not None else f'no threshold reaches the wish ({point["protocol"]})')  # fmt: skip
    print(f'SHA-256 {plan.digest}')
    return 0


def _run(args: argparse.Namespace) -> int:
    from mammo_plugins.apis.evidence.running import RunOptions, run_evidence

    options = RunOptions(
        model=args.model,
        annotations=args.ann,
        predictions=args.predictions,
        others=args.others,
        who=args.who,
        key=args.key,
        device=args.device,
        trust_checkpoint=args.trust_checkpoint,
        skip=args.skip,
        examples=args.examples,
        repeated_images=args.repeat_images,
        workers=args.workers,
    )
    with recorded_run(args.out, 'evidence run', vars(args)) as manifest:
        found = run_evidence(args.plan, args.out, options)
        flow, look = found.evidence['flow'], found.evidence['look']
        analysed = flow['analysed']
        manifest.model, manifest.device = dict(found.plan.content['model']), found.device
        manifest.counts = {'candidates': flow['candidates']['images'], 'images analysed': analysed['images']}
    print(f'look {look["look"]} at {found.plan.path.name}: {analysed["images"]} images of {analysed["patients"]} '
          'patients analysed')  # fmt: skip
    partition = found.evidence['partition']
    if partition['verdict'] == BROKEN:
        shared = [one['identity'] for one in partition['checks'] if one['shared']]
        print(f'THE PARTITION IS BROKEN: test list and training share {", ".join(shared)}')
    elif partition['verdict'] == NOT_SHOWN:
        print(f'THE PARTITION COULD NOT BE SHOWN: {"; ".join(partition["doubts"])}')
    print(found.out / 'evidence.html')
    return 1 if found.partition_is_in_doubt else 0


def _ledger(args: argparse.Namespace) -> int:
    plan = read_plan(args.plan)
    entries = read_ledger(plan)
    for entry in entries:
        what = f'look {entry["look"]}' if entry['event'] == LOOK else f'results of look {entry["look"]}'
        detail = entry.get('who') or '(no name)' if entry['event'] == LOOK else entry['sha256'][:12]
        print(f'{entry["when"]}  {what}  {detail}  plan {entry["plan"][:12]}  model {entry["model"][:12]}')
    if args.evidence is not None:
        try:
            look = json.loads(Path(args.evidence).read_text(encoding='utf-8'))['look']
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f'{args.evidence} is no evidence.json: {error!r}') from error
        require_results(entries, look, digest_file(args.evidence), args.evidence, ledger_path(plan))
    print(f'{count_looks(entries)} looks; the chain holds')
    return 0
