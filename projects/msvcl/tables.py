"""Tables II to V from numbers by vendor, beside the paper's; writes tables.md and tables.json. plan.py calls it.

python projects/msvcl/tables.py OUT --seen A B C --unseen D E F --numbers ROW/TASK=vendors.json ...
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from mmengine.config import Config

from mammo_plugins.compat.config_paths import find_config

NUMBERS = {
    'detection': ('coco', 'AP50'),
    'match': ('', 'balanced_accuracy'),
    'birads': ('mass_birads', 'accuracy'),
    'density': ('density', 'accuracy'),
}
"""Task to what is scored and the number of it, as ``mammo evaluate --by --json`` writes them."""


def read_number(content: Mapping, group: str, task: str) -> float | None:
    """Percent of a group or mean, None where there is none."""
    scored, number = NUMBERS[task]
    entry = content['results'].get(f'{group}/{scored}' if scored else group, {})
    value = entry.get('metrics', {}).get(number, {}).get('value')
    return None if value is None else 100 * value


def main(argv: list[str] | None = None) -> None:
    """Parses the command line and writes both files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('out', help='folder')
    parser.add_argument('--seen', nargs='+', required=True, help='vendors, as the annotation file writes them')
    parser.add_argument('--unseen', nargs='+', required=True)
    parser.add_argument('--numbers', nargs='+', required=True, metavar='ROW/TASK=JSON')
    options = parser.parse_args(argv)
    paper = Config.fromfile(find_config('projects/msvcl/paper.py'))
    rows = {**paper._pretrained, **paper._rivals}
    groups = [*options.seen, 'seen', *options.unseen, 'unseen']
    found: dict[str, dict[str, dict[str, float | None]]] = {}
    for text in options.numbers:
        name, _, path = text.partition('=')
        row, _, task = name.partition('/')
        if row not in rows or task not in NUMBERS:
            raise SystemExit(f'{text}: ROW is one of {", ".join(rows)}, TASK of {", ".join(NUMBERS)}')
        content = json.loads(Path(path).read_text(encoding='utf-8'))
        found.setdefault(row, {})[task] = {group: read_number(content, group, task) for group in groups}
    out = Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    (out / 'tables.json').write_text(json.dumps({'groups': groups, 'rows': found}, indent=1) + '\n', encoding='utf-8')
    page = []
    for title, table in paper._tables.items():
        make = vendor_table if table.by == 'vendor' else task_table
        chosen = [name for name in table.rows if name in found]
        page += [f'### {title}\n', make(chosen, rows, found, groups)]
    (out / 'tables.md').write_text('\n'.join(page), encoding='utf-8')
    print(out / 'tables.md')


def vendor_table(names: Sequence[str], rows: Mapping, found: Mapping, groups: Sequence[str]) -> str:
    """AP50 of masses by vendor, and the paper's means."""
    header = ['row', *groups, 'paper, seen', 'paper, unseen']
    return markdown(
        header,
        (
            [
                rows[name].title,
                *(shown(found[name].get('detection', {}).get(group)) for group in groups),
                shown(rows[name].seen[0]),
                shown(rows[name].unseen[0]),
            ]
            for name in names
        ),
    )


def task_table(names: Sequence[str], rows: Mapping, found: Mapping, groups: Sequence[str]) -> str:
    """Means of seen and unseen vendors by task, over all tasks, and the paper's mean of the tasks that it gives."""
    header = ['row', *(f'{task}, {mean}' for mean in ('seen', 'unseen') for task in (*NUMBERS, 'mean', 'paper'))]
    lines = []
    for name in names:
        line = [rows[name].title]
        for mean in ('seen', 'unseen'):
            ours = [found[name].get(task, {}).get(mean) for task in NUMBERS]
            line += [*map(shown, ours), shown(average(ours)), shown(average(rows[name][mean]))]
        lines.append(line)
    return markdown(header, lines)


def average(values: Sequence[float | None]) -> float | None:
    """The mean, None where one is missing."""
    return None if None in values else sum(values) / len(values)


def shown(value: float | None) -> str:
    return '' if value is None else f'{value:.1f}'


def markdown(header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A table."""
    return ''.join(f'| {" | ".join(line)} |\n' for line in [header, ['---'] * len(header), *lines])


if __name__ == '__main__':
    main()
