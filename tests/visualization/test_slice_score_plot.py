from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.container import BarContainer

from mammo_plugins.visualization.slice_score_plot import SliceInset, SliceScorePanel, slice_score_figure

WEIGHTS = [0.1, 0.2, 0.5, 0.2]
RED = '#dc2626'


def red_bars(axes):
    return [(p.get_x(), p.get_x() + p.get_width()) for p in axes.patches if to_hex(p.get_facecolor()) == RED]


def test_bars_are_the_scores_and_the_red_bar_spans_the_visible_bins():
    plot = slice_score_figure([SliceScorePanel('finding', WEIGHTS, visible_bins=(1, 2))]).axes[0]
    (bars,) = (container for container in plot.containers if isinstance(container, BarContainer))
    assert [bar.get_height() for bar in bars] == WEIGHTS
    assert red_bars(plot) == [(0.5, 2.5)]


def test_no_red_bar_where_the_visible_range_is_unknown():
    assert red_bars(slice_score_figure([SliceScorePanel('finding', WEIGHTS)]).axes[0]) == []


def test_each_inset_is_shown_and_tied_to_its_bar():
    insets = [SliceInset(index, np.zeros((8, 8), np.uint8), f'slice {index}') for index in (0, 2)]
    figure = slice_score_figure([SliceScorePanel('finding', WEIGHTS, (2, 2), insets)])
    assert [axes.get_xlabel() for axes in figure.axes[1:]] == ['slice 0', 'slice 2']
    assert [line.xy2 for line in figure.artists] == [(0, 0.1), (2, 0.5)]


def test_visible_bins_outside_the_scores_are_refused():
    with pytest.raises(ValueError, match=r'\(3, 4\) do not lie among 4 bins'):
        SliceScorePanel('finding', WEIGHTS, visible_bins=(3, 4))


def test_figure_without_a_finding_is_refused():
    with pytest.raises(ValueError, match='at least one panel'):
        slice_score_figure([])
