"""FROC and ROC curves with their bands, as inline SVG that takes the colours of the page around it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mammo_plugins.evaluation import DetectionResult
from mammo_plugins.evaluation.functional import CurveBand

CURVE_COLOURS = ('#3b82f6', '#d97706', '#059669', '#c026d3', '#dc2626', '#64748b')  # legible on white and on black
_DASHES = ('-', (0, (6, 2)), (0, (2, 1.5)), (0, (8, 2, 2, 2)), (0, (4, 4)), (0, (1, 1)))
_TEXT, _GRID = '#010203', '#010204'  # stand-ins that become CSS variables
_STYLE = {
    'svg.fonttype': 'none',
    'svg.hashsalt': 'curves',  # the same curves give the same bytes
    'font.family': ['sans-serif'],
    'font.size': 11,
    'text.color': _TEXT,
    'axes.labelcolor': _TEXT,
    'axes.edgecolor': _GRID,
    'xtick.color': _TEXT,
    'ytick.color': _TEXT,
}


@dataclass(frozen=True)
class PlotCurve:
    """A curve with its band.

    Args:
        x, y: points in order of x, both never falling.
        band: intervals at points of x, None for none.
    """

    x: Sequence[float] | np.ndarray
    y: Sequence[float] | np.ndarray
    band: CurveBand | None = None


def result_curves(
    models: Mapping[str, Mapping[str, DetectionResult]],
) -> tuple[dict[str, PlotCurve], dict[str, PlotCurve]]:
    """FROC curves, one a model and protocol, and ROC curves over breasts, one a model.

    Args:
        models: model to protocol, or what it is to be called, to result.
    """
    froc, roc = {}, {}
    for model, results in models.items():
        for protocol, result in results.items():
            corners = result.curve.vertices()
            froc[f'{model} ({protocol})'] = PlotCurve(corners.fp_per_volume, corners.recall, result.curve_band)
        first = next(iter(results.values()))
        if first.breast_counts.has_both_classes:
            breasts = first.breast_counts.vertices()
            roc[model] = PlotCurve(breasts.false_positive_rate, breasts.sensitivity, first.roc_band)
    return froc, roc


def froc_svg(
    curves: Mapping[str, PlotCurve], fp_points: Sequence[float] = (0.25, 0.5), max_fp_per_volume: float = 2.0
) -> str:
    """An ``<svg>`` element with recall against false positives per volume, one step curve a model.

    Args:
        curves: by name. A curve that ends early goes on flat.
        fp_points: false positives per volume that are marked.
        max_fp_per_volume: where the plot ends.
    """
    with matplotlib.rc_context(_STYLE):
        figure, axes = _empty_plot((7.6, 4.3), max_fp_per_volume)
        for (name, curve), look in zip(curves.items(), _looks()):
            x, y = _flat_to(np.asarray(curve.x, float), np.asarray(curve.y, float), max_fp_per_volume)
            axes.step(x, y, where='post', label=name, **look)
            _fill_band(axes, curve.band, look['color'])
        for point in fp_points:
            axes.axvline(point, color=_GRID, linewidth=1.2, linestyle=(0, (1, 2)))
        axes.set(xlabel='False positives per volume', ylabel='Recall of malignant findings')
        return _svg(figure, axes, f'FROC curves of {", ".join(curves) or "no model"}')


def roc_svg(curves: Mapping[str, PlotCurve], ylabel: str = 'Sensitivity (breasts)') -> str:
    """An ``<svg>`` element with sensitivity against the false-positive rate of breasts, one curve a model.

    Points are joined by straight lines: where breasts of both kinds share a score, the curve runs aslant.

    Args:
        curves: by name.
        ylabel: what the sensitivity is of.
    """
    with matplotlib.rc_context(_STYLE):
        figure, axes = _empty_plot((5.0, 4.3), 1.0)
        for (name, curve), look in zip(curves.items(), _looks()):
            axes.plot(curve.x, curve.y, label=name, **look)
            _fill_band(axes, curve.band, look['color'])
        axes.plot([0, 1], [0, 1], color=_GRID, linewidth=1.2, linestyle=(0, (1, 2)))
        axes.set(xlabel='False-positive rate', ylabel=ylabel)
        return _svg(figure, axes, f'ROC curves of {", ".join(curves) or "no model"}')


def reliability_svg(curves: Mapping[str, PlotCurve], ylabel: str) -> str:
    """An ``<svg>`` element with the observed share (y) against the mean probability (x) of each bin.

    Args:
        curves: by name of the model.
        ylabel: what the share is of.
    """
    with matplotlib.rc_context(_STYLE):
        figure, axes = _empty_plot((5.0, 4.3), 1.0)
        for (name, curve), look in zip(curves.items(), _looks()):
            axes.plot(curve.x, curve.y, label=name, marker='o', markersize=4, **look)
        axes.plot([0, 1], [0, 1], color=_GRID, linewidth=1.2, linestyle=(0, (1, 2)))
        axes.set(xlabel='Predicted probability', ylabel=ylabel)
        return _svg(figure, axes, f'Reliability of {", ".join(curves) or "no model"}')


def _empty_plot(size: tuple[float, float], end: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=size, layout='constrained')
    axes = figure.add_subplot()
    axes.set(xlim=(0, end), ylim=(0, 1.02))
    axes.grid(color=_GRID, linewidth=0.5, alpha=0.6)
    axes.spines[['top', 'right']].set_visible(False)
    return figure, axes


def _looks() -> Iterator[dict[str, Any]]:
    """Colour and dashes of one curve after the other."""
    for colour, dash in cycle(zip(CURVE_COLOURS, _DASHES)):
        yield dict(color=colour, linestyle=dash, linewidth=2.2)


def _fill_band(axes: Axes, band: CurveBand | None, colour: str) -> None:
    if band is not None:
        axes.fill_between(band.x, band.low, band.high, step='post', color=colour, alpha=0.12, linewidth=0)


def _svg(figure: Figure, axes: Axes, label: str) -> str:
    if axes.get_legend_handles_labels()[1]:
        axes.legend(loc='lower right', frameon=False, labelcolor=_TEXT)
    buffer = io.StringIO()
    figure.savefig(buffer, format='svg', transparent=True, metadata={'Date': None})
    return _inline(buffer.getvalue(), label)


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
