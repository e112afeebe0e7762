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
    'search': ('search', 'train a plan many times with fields drawn at random'),
    'model': ('model', 'trained models in one file: export, import, info, list; graphs for other runtimes'),
    'predict': ('predict', 'predict DICOM, PNG or MetaImage files: findings, labels, maps'),
    'serve': ('serve', 'a service beside an archive: images in by DICOM, results out'),
    'dicom': ('dicom_results', 'write predictions as DICOM: CAD SR, SR, GSPS, SEG, secondary captures'),
    'evaluate': ('evaluate', 'score findings, labels or maps'),
    'convert-checkpoint': ('convert_checkpoint', 'keep the weights of another model that fit'),
    'convert': ('convert_dataset', 'turn a data set into an annotation file'),
    'split': ('split', 'write an annotation file with other splits by patient'),
    'audit': ('audit', 'check the records, headers and pixels of a data set'),
    'cache': ('cache_volumes', 'prepare the images of a config, so that training decodes nothing'),
    'synthesize': ('synthesize', 'compute synthetic mammograms of tomosynthesis volumes'),
    'styles': ('styles', "gather learned vendors' styles, and translate images by them"),
    'deidentify': ('deidentify', 'write DICOM files without what tells who the patient is'),
    'phantoms': ('make_phantoms', 'make synthetic breasts as DICOM'),
    'mean-histogram': ('mean_histogram', 'average grey values, for histogram matching'),
    'tumour-bank': ('tumour_bank', 'cut tumours with masks into a bank, for synthesis'),
    'normals': ('normals', 'score normal images that a model made against the true ones of phantoms'),
    'report': ('report', 'write an HTML report of predictions'),
    'figures': ('figures', 'draw findings as several models see them, and slice scores'),
    'disagreements': ('disagreements', 'what one model finds and another misses, with pictures'),
    'evidence': ('evidence', 'a fixed plan, its evidence for reviewers, and a ledger of looks at the test set'),
    'info': ('info', 'versions, commands, models and exit codes'),
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
