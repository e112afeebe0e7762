"""FROC curves as an inline SVG that takes the colours of the page around it."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from matplotlib.figure import Figure

CURVE_COLOURS = ('#3b82f6', '#d97706', '#059669', '#c026d3', '#dc2626', '#64748b')  # legible on white and on black
_DASHES = ('-', (0, (6, 2)), (0, (2, 1.5)), (0, (8, 2, 2, 2)), (0, (4, 4)), (0, (1, 1)))
_TEXT, _GRID = '#010203', '#010204'  # stand-ins that become CSS variables


def froc_svg(
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    fp_points: Sequence[float] = (0.25, 0.5),
    max_fp_per_volume: float = 2.0,
) -> str:
    """An ``<svg>`` element with one step curve a model.

    Args:
        curves: name to false positives per volume and recall, both never falling. A curve that ends early goes on flat.
        fp_points: false positives per volume that are marked.
        max_fp_per_volume: where the plot ends.
    """
    style = {
        'svg.fonttype': 'none',
        'svg.hashsalt': 'froc',  # the same curves give the same bytes
        'font.family': ['sans-serif'],
        'font.size': 11,
        'text.color': _TEXT,
        'axes.labelcolor': _TEXT,
        'axes.edgecolor': _GRID,
        'xtick.color': _TEXT,
        'ytick.color': _TEXT,
    }
    with matplotlib.rc_context(style):
        figure = Figure(figsize=(7.6, 4.3), layout='constrained')
        axes = figure.add_subplot()
        for number, (name, (fp_per_volume, recall)) in enumerate(curves.items()):
            x, y = _flat_to(np.asarray(fp_per_volume, float), np.asarray(recall, float), max_fp_per_volume)
            colour, dash = CURVE_COLOURS[number % len(CURVE_COLOURS)], _DASHES[number % len(_DASHES)]
            axes.step(x, y, where='post', color=colour, linestyle=dash, linewidth=2.2, label=name)
        for point in fp_points:
            axes.axvline(point, color=_GRID, linewidth=1.2, linestyle=(0, (1, 2)))
        axes.set(xlim=(0, max_fp_per_volume), ylim=(0, 1.02))
        axes.set(xlabel='False positives per volume', ylabel='Recall of malignant findings')
        axes.grid(color=_GRID, linewidth=0.5, alpha=0.6)
        axes.spines[['top', 'right']].set_visible(False)
        if curves:
            axes.legend(loc='lower right', frameon=False, labelcolor=_TEXT)
        buffer = io.StringIO()
        figure.savefig(buffer, format='svg', transparent=True, metadata={'Date': None})
    return _inline(buffer.getvalue(), f'FROC curves of {", ".join(curves) or "no model"}')


def _flat_to(x: np.ndarray, y: np.ndarray, end: float) -> tuple[np.ndarray, np.ndarray]:
    """The curve with its last recall carried on to ``end``."""
    return (np.append(x, end), np.append(y, y[-1])) if len(x) and x[-1] < end else (x, y)


def _inline(svg: str, label: str) -> str:
    """The ``<svg>`` element alone, without XML namespaces and metadata, in the colours of the page."""
    svg = svg[svg.index('<svg') :]
    svg = re.sub(r'<metadata>.*?</metadata>', '', svg, flags=re.DOTALL)
    svg = re.sub(r'\sxmlns(:\w+)?="[^"]*"', '', svg).replace('xlink:href', 'href')
    svg = svg.replace(_TEXT, 'var(--text)').replace(_GRID, 'var(--muted-line)')
    size = re.compile(r'<svg ([^>]*?)(?:width|height)="[^"]*" ([^>]*?)(?:width|height)="[^"]*"')
    return size.sub(rf'<svg role="img" aria-label="{_escaped(label)}" \1\2', svg, count=1)


def _escaped(text: str) -> str:
    return text.replace('&', '&amp;').replace('"', '&quot;').replace('<', '&lt;').replace('\\', '/')
