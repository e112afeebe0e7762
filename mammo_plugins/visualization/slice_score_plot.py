"""Finding-slice scores over the slices of a volume, with the slices that show the finding.

Glossary: S slice bins. Source: M&M-3D, Fig. 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import ConnectionPatch, Rectangle
from matplotlib.ticker import MaxNLocator

from .figure_files import PREDICTION_COLOUR, PRINT_STYLE, TRUTH_COLOUR
from .report_content import Box

_WIDTH = 5.0  # inches
_LEFT, _RIGHT = 0.55, 0.1
_TITLE, _INSET, _CAPTION, _LINES, _PLOT, _AXIS = 0.26, 0.82, 0.14, 0.2, 1.15, 0.46
_LEGEND = 0.24
_SCORES, _VISIBLE = '#3b82f6', '#dc2626'
_SMALL_POINTS = 6.5


@dataclass(frozen=True)
class SliceInset:
    """A detail of one slice bin around the finding.

    Args:
        bin_index: the bin.
        picture: (H, W) uint8.
        caption: which stored slices it shows.
        truth, prediction: corners in the pixels of ``picture``; None where there is no such box on this slice.
    """

    bin_index: int
    picture: np.ndarray
    caption: str = ''
    truth: Box | None = None
    prediction: Box | None = None


@dataclass(frozen=True)
class SliceScorePanel:
    """The finding-slice scores of one finding.

    Args:
        title: what it is called.
        weights: (S,) score of each slice bin.
        visible_bins: first and last bin that show the finding; None where it is not annotated.
        insets: details of some bins, in the order of the bins.
        axis_text: what stands below the axis of the bins.
    """

    title: str
    weights: Sequence[float]
    visible_bins: tuple[int, int] | None = None
    insets: Sequence[SliceInset] = ()
    axis_text: str = 'slice bin'

    def __post_init__(self) -> None:
        first, last = self.visible_bins or (0, 0)
        if not 0 <= first <= last < len(self.weights):
            raise ValueError(f'visible bins {self.visible_bins} do not lie among {len(self.weights)} bins')


def slice_score_figure(panels: Sequence[SliceScorePanel]) -> Figure:
    """Draws the panels below one another, each with its insets above its bars.

    Raises:
        ValueError: there is no panel.
    """
    if not panels:
        raise ValueError('a figure of slice scores needs at least one panel')
    panel_height = _TITLE + _INSET + _CAPTION + _LINES + _PLOT + _AXIS
    size = (_WIDTH, len(panels) * panel_height + _LEGEND)
    with matplotlib.rc_context(PRINT_STYLE):
        figure = Figure(figsize=size)
        for number, panel in enumerate(panels):
            _draw_panel(figure, panel, size[1] - number * panel_height)
        _add_legend(figure)
    return figure


def _draw_panel(figure: Figure, panel: SliceScorePanel, top: float) -> None:
    width = _WIDTH - _LEFT - _RIGHT
    bottom = top - _TITLE - _INSET - _CAPTION - _LINES - _PLOT
    plot = _add_axes(figure, _LEFT, bottom, width, _PLOT)
    _draw_scores(plot, panel)
    figure.text(_LEFT / _WIDTH, (top - _TITLE / 2) / figure.get_figheight(), panel.title, va='center', fontsize=8.5)
    room = width / max(1, len(panel.insets))
    side = min(_INSET, 0.95 * room)
    for number, inset in enumerate(panel.insets):
        left = _LEFT + (number + 0.5) * room - side / 2
        detail = _add_axes(figure, left, top - _TITLE - side, side, side)
        _draw_inset(detail, inset)
        _connect(figure, detail, plot, inset.bin_index, panel.weights[inset.bin_index])


def _add_axes(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Axes at a place in inches."""
    total_width, total_height = figure.get_size_inches()
    return figure.add_axes((left / total_width, bottom / total_height, width / total_width, height / total_height))


def _draw_scores(axes: Axes, panel: SliceScorePanel) -> None:
    count, highest = len(panel.weights), max(panel.weights)
    axes.set_facecolor('none')  # lines from the insets end behind the bars
    axes.bar(range(count), panel.weights, width=0.8, color=_SCORES)
    if panel.visible_bins is not None:
        first, last = panel.visible_bins
        axes.add_patch(Rectangle((first - 0.5, -0.1 * highest), last - first + 1, 0.06 * highest, color=_VISIBLE, lw=0))
    axes.axhline(0, color='black', linewidth=0.6)
    axes.set(xlim=(-0.6, count - 0.4), ylim=(-0.13 * highest, 1.08 * highest))
    axes.set(xlabel=panel.axis_text, ylabel='finding-slice score')
    axes.spines[['top', 'right']].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=18, integer=True, min_n_ticks=1))
    axes.set_yticks([tick for tick in MaxNLocator(nbins=4).tick_values(0, highest) if 0 <= tick <= 1.05 * highest])


def _draw_inset(axes: Axes, inset: SliceInset) -> None:
    height, width = inset.picture.shape
    axes.imshow(inset.picture, cmap='gray', vmin=0, vmax=255, extent=(0, width, height, 0), interpolation='bicubic')
    axes.set(xticks=[], yticks=[], xlim=(0, width), ylim=(height, 0))
    axes.set_xlabel(inset.caption, fontsize=_SMALL_POINTS, labelpad=1.5)
    looks = ((inset.truth, TRUTH_COLOUR, (0, (3, 2))), (inset.prediction, PREDICTION_COLOUR, '-'))
    for box, colour, dashes in looks:
        if box is not None:
            left, top, right, bottom = box
            outline = dict(fill=False, edgecolor=colour, linestyle=dashes, linewidth=1.0)
            axes.add_patch(Rectangle((left, top), right - left, bottom - top, **outline))


def _connect(figure: Figure, detail: Axes, plot: Axes, bin_index: int, weight: float) -> None:
    """A thin line from below the caption of an inset to the bar of its slice."""
    below_caption = -_CAPTION / (detail.get_position().height * figure.get_figheight())
    line = ConnectionPatch(
        (0.5, below_caption), (bin_index, weight), 'axes fraction', 'data', axesA=detail, axesB=plot,
        color='#94a3b8', linewidth=0.6, zorder=0,
    )  # fmt: skip
    figure.add_artist(line)


def _add_legend(figure: Figure) -> None:
    handles = [
        Line2D([], [], color=_VISIBLE, linewidth=3, label='slices that show the finding'),
        Line2D([], [], color=TRUTH_COLOUR, linestyle=(0, (3, 2)), label='annotated'),
        Line2D([], [], color=PREDICTION_COLOUR, label='predicted'),
    ]
    figure.legend(handles=handles, loc='lower center', ncols=3, frameon=False, fontsize=7, borderaxespad=0.2)
