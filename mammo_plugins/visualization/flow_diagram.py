"""The flow of patients as a diagram, as inline SVG that takes the colours of the page around it."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Sequence

_WIDTH, _BOX, _SIDE_LEFT = 900, 380, 500
_LINE, _PADDING, _GAP = 20, 12, 36
_WRAP = 46  # letters a line


def flow_svg(first: str, excluded: Sequence[str], last: str) -> str:
    """An ``<svg>`` element: a box, an arrow down from which what is excluded branches off, and a box.

    Args:
        first: who there was.
        excluded: reason and number of each kind that was left out; empty for none.
        last: who is left.
    """
    top, lines = _box(first, 1, 0)
    side, side_lines = _box('\n'.join(excluded) or 'nobody excluded', _SIDE_LEFT, top + _GAP // 2)
    below = top + max(side + _GAP, 2 * _GAP)
    bottom, last_lines = _box(last, 1, below)
    middle, branch = _BOX // 2, top + _GAP // 2 + side // 2
    arrows = (
        f'<path class="arrow" d="M{middle} {top}V{below - 2}m-5 -8l5 8l5 -8M{middle} {branch}H{_SIDE_LEFT - 2}'
        'm-8 -5l8 5l-8 5"/>'
    )
    label = html.escape(f'{first}; excluded: {", ".join(excluded) or "nobody"}; {last}', quote=True)
    return (
        f'<svg class="flow" role="img" aria-label="{label}" viewBox="0 0 {_WIDTH} {below + bottom + 2}">'
        f'{arrows}{lines}{side_lines}{last_lines}</svg>'
    )


def _box(text: str, left: int, top: int) -> tuple[int, str]:
    """Height of a box with text, and its elements."""
    lines = [part for line in text.split('\n') for part in textwrap.wrap(line, _WRAP) or ['']]
    height = len(lines) * _LINE + 2 * _PADDING
    words = ''.join(
        f'<text x="{left + _PADDING}" y="{top + _PADDING + (number + 0.75) * _LINE:g}">{html.escape(line)}</text>'
        for number, line in enumerate(lines)
    )
    return height, f'<rect x="{left}" y="{top + 1}" width="{_BOX}" height="{height}" rx="8"/>{words}'
