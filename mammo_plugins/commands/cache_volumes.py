"""``mammo cache CONFIG FOLDER``: prepare the images of a config, so that training decodes nothing."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from mammo_plugins.apis.cache.caching import SPLIT_LOADERS, cache_volumes

from .run_arguments import add_config_overrides


def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Parses the command line and prepares the images.

    Returns:
        0; 1 where ``--strict`` is given and an image could not be prepared; 2 where nothing can be done.
    """
    parser = argparse.ArgumentParser(
        prog=prog,
        description='Load every image of a config once and keep the result. Train with '
        '--cfg-options train_dataloader.dataset.volume_cache=FOLDER, or a line in the config.',
    )
    parser.add_argument('config', metavar='CONFIG', help='path or name of the config')
    parser.add_argument('folder', metavar='FOLDER', help='the cache; several configs can share it')
    parser.add_argument(
        '--split', dest='splits', action='append', choices=SPLIT_LOADERS, help='may be repeated (default: all)'
    )
    parser.add_argument('--ann', metavar='ANN.json', help='annotation file in place of those of the config')
    parser.add_argument('--workers', type=int, metavar='N', help='processes on this machine (default: all cores)')
    parser.add_argument('--scheduler', metavar='ADDRESS', help='Dask scheduler whose workers do the work')
    parser.add_argument(
        '--verify',
        action='store_true',
        help='read every file again; without it a file counts as unchanged while its size and times are',
    )
    parser.add_argument('--strict', action='store_true', help='exit with 1 where an image could not be prepared')
    parser.add_argument('--no-progress', action='store_true', help='no progress bar')
    add_config_overrides(parser, 'override fields')
    args = parser.parse_args(argv)
    try:
        cached = cache_volumes(
            args.config,
            args.folder,
            splits=args.splits or tuple(SPLIT_LOADERS),
            workers=args.workers,
            scheduler=args.scheduler,
            ann_file=args.ann,
            cfg_options=args.cfg_options,
            verify=args.verify,
            show_progress=not args.no_progress,
        )
    except (ValueError, OSError, ModuleNotFoundError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    print(f'{args.folder}: {cached.prepared} images prepared, {cached.found} were there, {len(cached.failed)} failed')
    for reason in cached.failed.values():
        print(f'  failed: {reason}')
    if args.strict and cached.failed:
        print(f'error: {len(cached.failed)} images could not be prepared (--strict)', file=sys.stderr)
        return 1
    return 0
