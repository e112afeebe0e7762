"""Scores styles on phantoms whose truth is known: the same breasts as another vendor shows them; writes a json.

mammo phantoms data/a --cases 20 --seed 7 --settings '{"vendors": "A"}'   # and data/b with vendors B: the same breasts
mammo convert phantom data/a data/a.json                                  # and data/b.json
python projects/msvcl/style_truth.py BANK data/a.json data/b.json --json OUT.json
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path

from mammo_plugins.apis.styles import style_truth


def main(argv: list[str] | None = None) -> None:
    """Parses the command line, scores both directions and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', metavar='BANK', help='folder of mammo styles gather')
    parser.add_argument('one', metavar='ONE.json', help='annotation file of one vendor')
    parser.add_argument('other', metavar='OTHER.json', help='of the same patients of another vendor')
    parser.add_argument('--split', help='train, validation or test (default: all)')
    parser.add_argument('--device', help='such as cuda:1 or cpu (default: the first GPU, or the CPU)')
    parser.add_argument('--json', required=True, help='file to write')
    options = parser.parse_args(argv)
    setting = dict(split=options.split, device=options.device)
    reports = [
        style_truth(options.folder, *files, **setting)
        for files in ((options.one, options.other), (options.other, options.one))
    ]
    content = [{**report, 'methods': _plain(report['methods'])} for report in reports]
    Path(options.json).write_text(json.dumps(content, indent=1) + '\n', encoding='utf-8')
    for report in reports:
        print(f'{report["direction"]}: {report["images"]} images, crop {report["crop_difference"]:.3f}')
        for method, row in report['methods'].items():
            print(f'  {method:20}', ', '.join(f'{name} {value:.3f}' for name, value in row.items()))


def _plain(methods: dict) -> dict:
    """Without NaN, which JSON does not know."""
    return {
        method: {name: None if math.isnan(value) else round(value, 5) for name, value in row.items()}
        for method, row in methods.items()
    }


if __name__ == '__main__':
    main()
