"""The ``mammo`` console script."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from mammo_plugins.compat.cache_folders import provide_cache_folders

from .expected_errors import in_a_sentence

# A command's module is imported only when it is called, so that `mammo evaluate` does not wait for torch.
COMMANDS = {
    'train': ('train', 'train a config'),
    'test': ('test', 'predict and score the test set of a config'),
    'stages': ('stages', 'run a plan of trainings, tests and commands that build on one another'),
    'predict': ('predict', 'predict DICOM or PNG files: findings, labels, maps'),
    'evaluate': ('evaluate', 'score findings, labels or maps'),
    'convert-checkpoint': ('convert_checkpoint', 'keep the weights of another detector that fit'),
    'convert': ('convert_dataset', 'turn a data set into an annotation file'),
    'audit': ('audit', 'check the records, headers and pixels of a data set'),
    'cache': ('cache_volumes', 'prepare the images of a config, so that training decodes nothing'),
    'phantoms': ('make_phantoms', 'make synthetic breasts as DICOM'),
    'mean-histogram': ('mean_histogram', 'average grey values, for histogram matching'),
    'report': ('report', 'write an HTML report of predictions'),
    'figures': ('figures', 'draw findings as several models see them, and slice scores'),
    'doctor': ('doctor', 'check this installation'),
    'study': ('study', 'every row of a paper on synthetic breasts'),
    'demo': ('demo', 'the whole way, small: phantoms, training, evaluation, report'),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs ``mammo COMMAND ARGUMENTS``.

    Args:
        argv: arguments, those of the process by default.

    Returns:
        The exit code.
    """
    width = max(map(len, COMMANDS))
    parser = argparse.ArgumentParser(
        prog='mammo',
        description='Breast imaging AI on MMDetection.',
        epilog='commands:\n' + '\n'.join(f'  {name:{width}}  {text}' for name, (_, text) in COMMANDS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('command', choices=COMMANDS, metavar='COMMAND')
    parser.add_argument('arguments', nargs=argparse.REMAINDER, metavar='...', help='see mammo COMMAND --help')
    args = parser.parse_args(argv)
    provide_cache_folders()
    module = importlib.import_module(f'{__package__}.{COMMANDS[args.command][0]}')
    return in_a_sentence(module.main)(args.arguments, prog=f'mammo {args.command}')


if __name__ == '__main__':
    sys.exit(main())
