"""Damage to bytes, tables and JSON, drawn from a seeded generator so that a case can be made again.

Random is Python's own: its sequences are the same on every machine and version.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from copy import deepcopy
from random import Random
from typing import Any

HOSTILE_PATHS = (
    '../../../../../../etc/passwd', '/etc/passwd', '//etc/passwd', '..\\..\\..\\windows\\win.ini', 'C:\\x',
    'file:///etc/passwd', '~/x',
    '../outside.dcm', 'a/../../outside.png', './.', '..', '/', '/dev/zero', 'a' * 300, ('a' * 100 + '/') * 60,
    'x\0.dcm', 'out.dcm', '*', 'ausgefallen\u202e.dcm',
)  # fmt: skip
HOSTILE_TEXTS = (
    '', ' ', 'nan', 'inf', '-inf', '-1', '0', '1e308', '-1e308', '1e999', '9' * 30, '9' * 400, '9' * 5000,
    '0' * 9 + '9' * 30, '1.5', '1e9', '1000000000', '4294967296', '-9223372036854775809', '1_0', '0x10', '\u0663',
    '\xb2', 'True', 'null', '\0', '"', "'", ';', '[' * 3000, '(' * 3000 + ')' * 3000, "['Mass'", "[['Mass']]",
    '((1,2,3,4),)', '((1e400,2,3,4),)', '{}', '-' * 500, '9**9**9', '=cmd|x', 'a' * 140_000, '\u202e', 'BI-RADS 4',
    '\r', '\n', '\ufeff', 'LCC', 'L-CC2', 'malignant',
)  # fmt: skip
HOSTILE_JSON: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, 10**30, 10**400, 1e308, -1e308, 0.5, [], {}, [[]], {'a': {}}, '', ' ',
    [None], [1, 2], [1e308] * 4, [-1e308, 0, 1e308, 1e308], 'L-CC', 'x' * 100_000, '../../etc/passwd', '\0', '\ud800',
    [0, 0, 1, 1], float('nan'), float('inf'), {'malignant': []}, {'malignant': 10**400}, [[1, 2, 3]],
)  # fmt: skip
_EXTREMES = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 0xFFFFFFFE, 1_000_000_000)
_DIGITS_ALLOWED = 4300  # of Python; a longer integer is put in as text


def mutate_bytes(rng: Random, content: bytes, start: int = 0, end: int | None = None) -> bytes:
    """One to four damages, each within ``start`` to ``end`` of what is left."""
    head, tail = content[:start], b'' if end is None else content[end:]
    middle = content[start:end]
    for _ in range(rng.choice((1, 1, 1, 2, 3, 4))):
        middle = rng.choice(_BYTE_DAMAGES)(rng, middle) if middle else middle
    return head + middle + tail


def _flip_bits(rng: Random, content: bytes) -> bytes:
    damaged = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 8, 64))):
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def _truncate(rng: Random, content: bytes) -> bytes:
    return content[: rng.randrange(len(content) + 1)]


def _cut_out(rng: Random, content: bytes) -> bytes:
    first, last = _span(rng, content)
    return content[:first] + content[last:]


def _repeat_block(rng: Random, content: bytes) -> bytes:
    first, last = _span(rng, content)
    times = rng.choice((1, 1, 2, 10, 100)) if last - first < 10_000 else 1
    return content[:last] + content[first:last] * times + content[last:]


def _zero_region(rng: Random, content: bytes) -> bytes:
    first, last = _span(rng, content)
    return content[:first] + bytes([rng.choice((0, 0, 0xFF))]) * (last - first) + content[last:]


def _splice(rng: Random, content: bytes) -> bytes:
    first, last = _span(rng, content)
    target = rng.randrange(len(content))
    return content[:target] + content[first:last] + content[target + last - first :]


def _add_noise(rng: Random, content: bytes) -> bytes:
    place = rng.randrange(len(content))
    return content[:place] + rng.randbytes(rng.choice((1, 2, 4, 16, 300))) + content[place:]


def _write_extreme(rng: Random, content: bytes) -> bytes:
    size = rng.choice((1, 2, 2, 4, 4))
    value = (rng.choice(_EXTREMES) & (256**size - 1)).to_bytes(size, rng.choice(('little', 'big')))
    place = rng.randrange(len(content))
    return content[:place] + value + content[place + size :]


def _span(rng: Random, content: bytes) -> tuple[int, int]:
    first = rng.randrange(len(content))
    return first, min(len(content), first + rng.choice((1, 2, 4, 8, 32, 128, 1024)))


_BYTE_DAMAGES: tuple[Callable[[Random, bytes], bytes], ...] = (
    _flip_bits, _flip_bits, _truncate, _cut_out, _repeat_block, _zero_region, _splice, _add_noise, _write_extreme,
    _write_extreme,
)  # fmt: skip


def mutate_table(rng: Random, content: bytes, delimiter: str = ',') -> bytes:
    """A CSV table with hostile cells, a broken structure or broken bytes."""
    if rng.random() < 0.15:
        return mutate_bytes(rng, content)
    rows = list(csv.reader(io.StringIO(content.decode()), delimiter=delimiter))
    for _ in range(rng.choice((1, 1, 2, 4))):
        rng.choice(_TABLE_DAMAGES)(rng, rows)
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, escapechar='\\', quoting=rng.choice((0, 0, 0, 1)))
    writer.writerows(rows)
    encoding = rng.choice(('utf-8',) * 12 + ('utf-16', 'utf-8-sig', 'latin-1'))
    return text.getvalue().encode(encoding, 'surrogatepass' if encoding.startswith('utf-8') else 'replace')


def _spoil_cell(rng: Random, rows: list[list[str]]) -> None:
    row = rng.choice(rows)
    if row:
        row[rng.randrange(len(row))] = rng.choice(HOSTILE_TEXTS + HOSTILE_PATHS)


def _spoil_column(rng: Random, rows: list[list[str]]) -> None:
    column, value = rng.randrange(max(1, len(rows[0]))), rng.choice(HOSTILE_TEXTS + HOSTILE_PATHS)
    for row in rows[1:]:
        if column < len(row):
            row[column] = value


def _spoil_path(rng: Random, rows: list[list[str]]) -> None:
    """Where a cell holds a path, another one that leads elsewhere."""
    places = [(row, i) for row in rows[1:] for i, cell in enumerate(row) if '/' in cell or '.' in cell]
    if places:
        row, i = rng.choice(places)
        row[i] = rng.choice((rng.choice(HOSTILE_PATHS), f'../{row[i]}', f'/{row[i]}', row[i] + '/..', row[i] + '\0'))


def _move_rows(rng: Random, rows: list[list[str]]) -> None:
    action = rng.choice(('repeat', 'drop', 'shorten', 'lengthen', 'shuffle', 'no header'))
    place = rng.randrange(len(rows))
    if action == 'repeat':
        rows[place:place] = [list(rows[place]) for _ in range(rng.choice((1, 50)))]
    elif action == 'drop' and len(rows) > 1:
        del rows[place]
    elif action == 'shorten':
        del rows[place][rng.randrange(len(rows[place]) + 1) :]
    elif action == 'lengthen':
        rows[place].extend(['x'] * rng.choice((1, 3, 5000)))
    elif action == 'shuffle':
        rng.shuffle(rows)
    elif len(rows) > 1:
        del rows[0]


def _move_columns(rng: Random, rows: list[list[str]]) -> None:
    width = len(rows[0])
    if not width:
        return
    first, second = rng.randrange(width), rng.randrange(width)
    action = rng.choice(('rename', 'drop', 'swap', 'repeat'))
    for row in [rows[0]] if action == 'rename' else rows:
        if max(first, second) >= len(row):
            continue
        if action == 'rename':
            row[first] = rng.choice((row[second], '', row[first].upper(), 'x' * 5000))
        elif action == 'drop':
            del row[first]
        elif action == 'swap':
            row[first], row[second] = row[second], row[first]
        else:
            row.append(row[first])


_TABLE_DAMAGES: tuple[Callable[[Random, list[list[str]]], None], ...] = (
    _spoil_cell, _spoil_cell, _spoil_cell, _spoil_column, _spoil_path, _move_rows, _move_columns,
)  # fmt: skip


def mutate_json(rng: Random, content: bytes) -> bytes:
    """A JSON file with hostile values, missing or repeated keys, absurd nesting, or broken bytes."""
    kind = rng.random()
    if kind < 0.15:
        return mutate_bytes(rng, content)
    if kind < 0.2:
        return _nest_deeply(rng, content)
    tree = json.loads(content)
    for _ in range(rng.choice((1, 1, 2, 4))):
        tree = _spoil_node(rng, tree)
    text = json.dumps(tree)
    if rng.random() < 0.05:
        text = text.replace('0', '9' * rng.choice((400, _DIGITS_ALLOWED + 1)), 1)
    return text.encode('utf-8', 'surrogatepass')


def _nest_deeply(rng: Random, content: bytes) -> bytes:
    depth = rng.choice((900, 5_000, 200_000))
    opening, closing = rng.choice(((b'[', b']'), (b'{"a":', b'}')))
    nested = opening * depth + b'1' + closing * rng.choice((0, depth))
    place = content.find(b':', rng.randrange(len(content))) + 1
    return rng.choice((nested, content[:place] + nested + b',"b":' + content[place:]))


def _spoil_node(rng: Random, tree: Any) -> Any:
    """Replaces, removes or repeats one node somewhere in a tree."""
    if not isinstance(tree, (dict, list)) or not tree or rng.random() < 0.05:
        return deepcopy(rng.choice(HOSTILE_JSON))
    places: Sequence[Any] = list(tree) if isinstance(tree, dict) else range(len(tree))
    place = rng.choice(places)
    action = rng.random()
    if isinstance(tree[place], (dict, list)) and tree[place] and action < 0.8:
        tree[place] = _spoil_node(rng, tree[place])
    elif action < 0.5:
        tree[place] = deepcopy(rng.choice(HOSTILE_JSON))
    elif action < 0.65:
        del tree[place]
    elif isinstance(tree, list):
        tree.append(deepcopy(tree[place]))
    else:
        tree[rng.choice((*places, 'unknown', '__class__', '../x', ''))] = deepcopy(tree[place])
    return tree
