"""Distances (Frechet, MMD) of vendors before and after style transfer, by a trained backbone's features; writes a json.

python projects/msvcl/style_distances.py BANK CONFIG CHECKPOINT --ann ANN.json --json OUT.json
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from mmengine.config import DictAction

from mammo_plugins.apis.styles.distances import style_distances


def main(argv: list[str] | None = None) -> None:
    """Parses the command line, measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', metavar='BANK', help='folder of mammo styles gather')
    parser.add_argument('config', help='of a task; its test data give the images')
    parser.add_argument('checkpoint', help='weights of its model')
    parser.add_argument('--ann', help='annotation file in place of that of the config')
    parser.add_argument('--json', required=True, type=Path, help='file to write')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='overrides of the config, key=value')
    options = parser.parse_args(argv)
    numbers = style_distances(
        options.folder,
        options.config,
        options.checkpoint,
        ann_file=options.ann,
        cfg_options=options.cfg_options,
        work_dir=options.json.parent,
    )
    options.json.write_text(json.dumps(numbers, indent=1) + '\n', encoding='utf-8')
    for direction, row in numbers.items():
        print(direction, ', '.join(f'{k} {when} {value:.4g}' for when, by in row.items() for k, value in by.items()))


if __name__ == '__main__':
    main()
