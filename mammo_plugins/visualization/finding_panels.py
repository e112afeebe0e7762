"""Findings in pictures: one row a finding, one column a model.

Boxes are corners in the pixels of their picture. Source: M&M-3D, Fig. 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

from .figure_files import PREDICTION_COLOUR, PRINT_STYLE, TRUTH_COLOUR
from .label_placement import place_labels
from .report_content import Box

_WIDTH = 7.0  # inches, the text width of a page
_WIDEST_PANEL = 1.7
_MARGIN, _GAP = 0.36, 0.06
_TITLE, _CAPTION, _LEGEND = 0.26, 0.2, 0.3
_FONT_POINTS = 7


@dataclass(frozen=True)
class PanelBox:
    """A predicted box.

    Args:
        box_xyxy: corners.
        score: malignancy.
        passes: whether the score reaches the model's threshold; other boxes are drawn dotted.
    """

    box_xyxy: Box
    score: float
    passes: bool = True


@dataclass(frozen=True)
class FindingPanel:
    """An image that a model reads.

    Args:
        picture: (H, W) uint8, hung as :mod:`.hanging` says.
        truth: true boxes.
        predictions: predicted boxes.
        caption: which image or slices it is.
    """

    picture: np.ndarray
    truth: Sequence[Box] = ()
    predictions: Sequence[PanelBox] = ()
    caption: str = ''


@dataclass(frozen=True)
class FindingRow:
    """One finding as each model sees it.

    Args:
        name: what it is called.
        panels: one a column.
    """

    name: str
    panels: Sequence[FindingPanel]


def finding_panels_figure(titles: Sequence[str], rows: Sequence[FindingRow], threshold_text: str) -> Figure:
    """Draws rows of panels; each row is as high as its longest breast, and no breast is stretched.

    Args:
        titles: of the columns.
        rows: the findings.
        threshold_text: what a solid box has reached, for the legend.

    Raises:
        ValueError: there is no row, or a row has not one panel a column.
    """
    if not rows or any(len(row.panels) != len(titles) for row in rows):
        counts = [len(row.panels) for row in rows]
        raise ValueError(f'each row needs a panel for each of the {len(titles)} columns, got rows of {counts}')
    width = min(_WIDEST_PANEL, (_WIDTH - _MARGIN) / len(titles) - _GAP)
    heights = [width * max(_aspect(panel) for panel in row.panels) for row in rows]
    total = (_MARGIN + len(titles) * (width + _GAP), _TITLE + sum(heights) + len(rows) * _CAPTION + _LEGEND)
    with matplotlib.rc_context(PRINT_STYLE):
        figure = Figure(figsize=total)
        top = total[1] - _TITLE
        for row, height in zip(rows, heights):
            for column, panel in enumerate(row.panels):
                left, bottom = _MARGIN + column * (width + _GAP), top - height
                axes = figure.add_axes(
                    (left / total[0], bottom / total[1], width / total[0], height / total[1]), facecolor='black'
                )
                _draw_panel(axes, panel, width, height)
                if row is rows[0]:
                    axes.set_title(titles[column], pad=4)
            middle = top - height / 2
            figure.text(0.45 * _MARGIN / total[0], middle / total[1], row.name, rotation=90, va='center', ha='center')
            top -= height + _CAPTION
        _add_legend(figure, threshold_text, rows)
    return figure


def _aspect(panel: FindingPanel) -> float:
    height, width = panel.picture.shape
    return height / width


def _draw_panel(axes: Axes, panel: FindingPanel, width_inches: float, height_inches: float) -> None:
    height, width = panel.picture.shape
    axes.imshow(panel.picture, cmap='gray', vmin=0, vmax=255, extent=(0, width, height, 0), interpolation='bicubic')
    shown_height = width * height_inches / width_inches  # what a shorter breast leaves stays black
    top = (height - shown_height) / 2
    axes.set(xlim=(0, width), ylim=(top + shown_height, top), xticks=[], yticks=[])
    axes.set_xlabel(panel.caption, fontsize=_FONT_POINTS - 1, labelpad=2)
    for box in panel.truth:
        _add_box(axes, box, edgecolor=TRUTH_COLOUR, linestyle=(0, (3, 2)), linewidth=1.1)
    for predicted in panel.predictions:
        dots = '-' if predicted.passes else (0, (1, 1))
        _add_box(axes, predicted.box_xyxy, edgecolor=PREDICTION_COLOUR, linestyle=dots, linewidth=1.0)
    unit = _FONT_POINTS * width / (72 * width_inches)
    _label_scores(axes, panel, unit, (unit / 5, top, width - unit / 5, top + shown_height))


def _label_scores(axes: Axes, panel: FindingPanel, unit: float, frame: Box) -> None:
    """Writes the score beside each predicted box; ``unit`` is the size of the type in pixels of the picture."""
    texts = [f'{predicted.score:.2f}' for predicted in panel.predictions]
    corners = place_labels(
        [predicted.box_xyxy for predicted in panel.predictions],
        [(0.62 * len(text) * unit, 1.15 * unit) for text in texts],
        frame,
        keep_free=panel.truth,
    )
    outline = [withStroke(linewidth=1.2, foreground='black')]  # bright tissue would swallow the type
    for text, (x, y) in zip(texts, corners):
        axes.text(x, y, text, color=PREDICTION_COLOUR, fontsize=_FONT_POINTS, va='top', ha='left', path_effects=outline)


def _add_box(axes: Axes, box: Box, **look: object) -> None:
    left, top, right, bottom = box
    axes.add_patch(Rectangle((left, top), right - left, bottom - top, fill=False, **look))


def _add_legend(figure: Figure, threshold_text: str, rows: Sequence[FindingRow]) -> None:
    handles = [
        Line2D([], [], color=TRUTH_COLOUR, linestyle=(0, (3, 2)), label='annotated'),
        Line2D([], [], color=PREDICTION_COLOUR, label=threshold_text),
    ]
    if any(not box.passes for row in rows for panel in row.panels for box in panel.predictions):
        below = Line2D([], [], color=PREDICTION_COLOUR, linestyle=(0, (1, 1)), label='best match, of a lower score')
        handles.append(below)
    figure.legend(handles=handles, loc='lower center', ncols=3, frameon=False, fontsize=_FONT_POINTS, borderaxespad=0.2)
