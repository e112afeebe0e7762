"""Arguments of the commands that write pages with images: how much of the images a page keeps."""

from __future__ import annotations

import argparse

from mammo_plugins.apis.report.view_pixels import KeptPixels

_DEFAULT = KeptPixels()


def add_pixel_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds what :func:`kept_pixels` reads."""
    parser.add_argument(
        '--image-height',
        type=int,
        default=_DEFAULT.image_height,
        metavar='PIXELS',
        help='largest height of mammograms in the page; 0 keeps all pixels (default: %(default)s)',
    )
    parser.add_argument(
        '--slice-height',
        type=int,
        default=_DEFAULT.slice_height,
        metavar='PIXELS',
        help='largest height of the slices of volumes in the page; 0 keeps all pixels (default: %(default)s)',
    )


def kept_pixels(args: argparse.Namespace) -> KeptPixels:
    """What the arguments say.

    Raises:
        ValueError: a height is negative.
    """
    return KeptPixels(args.image_height, args.slice_height)
