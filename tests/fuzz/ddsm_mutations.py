"""Hostile .ics and .OVERLAY files: numbers without end, chain codes without end, outlines far outside."""

from __future__ import annotations

from random import Random

from .mutations import HOSTILE_TEXTS, mutate_bytes

_NUMBERS = (
    '0', '-1', '1', '19999', '20001', '1000000', '999999999', '000000001999999999999999999', '9' * 30, '9' * 5000,
    '0' * 20_000, '0001' + '0' * 5000, '0119999', '1e9', 'nan', 'inf', '\xb2', '1.5', '',
)  # fmt: skip


def mutate_ics(rng: Random, content: bytes) -> bytes:
    """A case file with hostile words."""
    return _mutate_words(rng, content)


def mutate_overlay(rng: Random, content: bytes) -> bytes:
    """An outline file with hostile words or chain codes."""
    kind = rng.random()
    if kind < 0.15:
        return content.replace(b'#', _chain(rng), 1)
    if kind < 0.3:
        start = f'{rng.choice(_NUMBERS)} {rng.choice(_NUMBERS)} '.encode('latin-1')
        return content.replace(b'BOUNDARY\n', b'BOUNDARY\n' + start, rng.choice((1, -1)))
    return _mutate_words(rng, content)


def _chain(rng: Random) -> bytes:
    """A long walk, in one line or in very many, ended or not."""
    steps = rng.choice((10, 1_000, 300_000))
    step = rng.choice((b'0 ', b'2 ', b'4 ', b'7 ', b'0 4 ', b'8 ', b'0\n', b'22 '))
    return step * steps + rng.choice((b'#', b''))


def _mutate_words(rng: Random, content: bytes) -> bytes:
    if rng.random() < 0.4:
        return mutate_bytes(rng, content)
    lines = [line.split(' ') for line in content.decode('latin-1').split('\n')]
    for _ in range(rng.choice((1, 1, 2, 5))):
        line = rng.choice(lines)
        action = rng.random()
        if action < 0.6:
            line[rng.randrange(len(line))] = rng.choice((*_NUMBERS, *_NUMBERS, *HOSTILE_TEXTS))
        elif action < 0.75:
            lines.append(list(line))
        elif action < 0.85:
            del line[rng.randrange(len(line)) :]
            line.append('')
        else:
            lines.insert(rng.randrange(len(lines)), line * rng.choice((2, 1000)))
    return '\n'.join(map(' '.join, lines)).encode('latin-1', 'replace')
