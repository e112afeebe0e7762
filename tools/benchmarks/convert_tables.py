"""Seconds that converters need for releases of 20,000 images whose tables say all that is needed.

    python tools/benchmarks/convert_tables.py --out tools/benchmarks/results/convert_tables.json

A small phantom release is repeated under other numbers until its tables have so many rows; the files are hard links. No
image is opened, so what is measured does not depend on their size. The last line has the rows a second.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import tempfile
import time
from pathlib import Path

from mammo_plugins.apis.convert import convert_dataset
from mammo_plugins.apis.phantoms import make_phantoms

NUMBERS = {'vindr-mammo': r'[0-9a-f]{32}', 'embed': r'(?<![\d.])\d{8,16}(?![\d.])'}
"""What tells patients, studies and images apart in tables and paths of a release."""


def repeat_release(source: Path, target: Path, numbers: str, rows: int) -> int:
    """Copies of a release side by side, until its longest table has that many rows; gives the images there are."""
    tables = {path: list(csv.reader(path.open(newline=''))) for path in source.rglob('*.csv')}
    files = [path for path in source.rglob('*') if path.is_file() and path not in tables]
    copies = -(-rows // max(len(table) - 1 for table in tables.values()))

    def renumber(text: str, copy: int) -> str:
        return re.sub(
            numbers, lambda found: f'{copy:05d}{found[0][5:]}' if len(found[0]) == 32 else f'{copy + 1}{found[0]}', text
        )

    for path, (header, *lines) in tables.items():
        out = target / path.relative_to(source)
        out.parent.mkdir(parents=True, exist_ok=True)
        with out.open('w', newline='') as file:
            writer = csv.writer(file)
            writer.writerow(header)
            for copy in range(copies):
                writer.writerows([renumber(cell, copy) for cell in line] for line in lines)
    for copy in range(copies):
        for path in files:
            out = target / renumber(str(path.relative_to(source)), copy)
            out.parent.mkdir(parents=True, exist_ok=True)
            os.link(path, out)
    return copies * len(files)


def measure(name: str, rows: int) -> dict[str, float]:
    """Seconds to convert a release."""
    with tempfile.TemporaryDirectory() as temporary:
        source, target = Path(temporary) / 'source', Path(temporary) / 'release'
        make_phantoms(source, 4, 0, size='96x64x8', release=name)
        files = repeat_release(source, target, NUMBERS[name], rows)
        start = time.perf_counter()
        converted = convert_dataset(
            name, target, Path(temporary) / 'annotations.json', check_images=0, show_progress=False
        )
        seconds = time.perf_counter() - start
    return {'rows': rows, 'files': files, 'images': len(converted.images), 'seconds': seconds}


def main() -> None:
    """Prints a line a release and writes json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--rows', type=int, default=20_000)
    parser.add_argument('--out', type=Path, help='where the json goes')
    args = parser.parse_args()
    results = {}
    for name in NUMBERS:
        results[name] = measured = measure(name, args.rows)
        print(f'{name}: {args.rows / measured["seconds"]:.0f} rows a second, {measured["seconds"]:.1f} s')
    if args.out:
        args.out.write_text(json.dumps(results, indent=1) + '\n')


if __name__ == '__main__':
    main()
