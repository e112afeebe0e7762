"""``mammo stages PLAN``: training in stages, each taking what earlier ones leave."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from rich.console import Console

from mammo_plugins.apis.run_config import leave_process_group
from mammo_plugins.apis.run_manifest import recorded_run
from mammo_plugins.apis.stages import plan_table, read_plan, run_stages

from .run_arguments import add_checkpoint_trust, add_config_overrides, add_launcher


def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Parses the command line and runs the plan; exit code 2 where a stage cannot run."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description='Run a list of stages. What is done is skipped, and what was stopped goes on: run it again.',
    )
    parser.add_argument('plan', help='a config with stages = [dict(name=..., config=...), ...], see docs/stages.md')
    parser.add_argument('--out', required=True, metavar='DIR', help='folder for everything that the stages write')
    parser.add_argument('--dry-run', action='store_true', help='show the plan and how far it is, and run nothing')
    parser.add_argument('--only', nargs='+', metavar='NAME', help='run these stages only')
    parser.add_argument('--from', dest='start', metavar='NAME', help='run this stage and those after it')
    parser.add_argument(
        '--redo',
        nargs='*',
        metavar='NAME',
        help='run stages again from nothing whose config or inputs have changed, and the named ones in any case',
    )
    add_config_overrides(parser, 'override fields of the configs of all stages')
    add_launcher(parser)
    add_checkpoint_trust(parser)
    args = parser.parse_args(argv)
    try:
        plan = read_plan(args.plan, args.cfg_options)
        if args.dry_run:
            Console().print(plan_table(plan, args.out))
            return 0
        with recorded_run(args.out, 'stages', vars(args)):
            run_stages(
                plan,
                args.out,
                only=args.only,
                start=args.start,
                redo=args.redo,
                launcher=args.launcher,
                trust_checkpoint=args.trust_checkpoint,
            )
    except (ValueError, FileNotFoundError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    leave_process_group()
    return 0
