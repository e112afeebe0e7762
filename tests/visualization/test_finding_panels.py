from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from mammo_plugins.visualization.figure_files import PREDICTION_COLOUR, TRUTH_COLOUR
from mammo_plugins.visualization.finding_panels import FindingPanel, FindingRow, PanelBox, finding_panels_figure

PANEL = FindingPanel(
    np.full((60, 40), 90, np.uint8),
    truth=[(10, 20, 18, 30)],
    predictions=[PanelBox((11, 20, 19, 31), 0.934), PanelBox((2, 2, 6, 6), 0.05, passes=False)],
    caption='DBT, slices 3–4 of 12',
)
LONG = FindingPanel(np.zeros((100, 40), np.uint8))


def draw(*panels):
    return finding_panels_figure([f'model {n}' for n, _ in enumerate(panels)], [FindingRow('P1', panels)], 'predicted')


def boxes(axes):
    """Colour, left, top, width and height of each box, and whether its line has gaps."""
    patches = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    return [
        (to_hex(p.get_edgecolor()), *p.get_xy(), p.get_width(), p.get_height(), p.get_linestyle() != '-')
        for p in patches
    ]


def test_boxes_are_drawn_in_the_pixels_of_the_picture():
    (axes,) = draw(PANEL).axes
    assert boxes(axes) == [
        (TRUTH_COLOUR, 10, 20, 8, 10, True),
        (PREDICTION_COLOUR, 11, 20, 8, 11, False),
        (PREDICTION_COLOUR, 2, 2, 4, 4, True),
    ]
    assert [text.get_text() for text in axes.texts] == ['0.93', '0.05']
    assert axes.get_xlabel() == 'DBT, slices 3–4 of 12'


def test_breasts_of_unequal_length_are_not_stretched():
    figure = draw(PANEL, LONG)
    for axes in figure.axes:
        (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
        place = axes.get_position()
        width, height = figure.get_size_inches() * (place.width, place.height)
        assert (right - left) / (bottom - top) == pytest.approx(width / height)
        assert axes.images[0].get_extent() == [0, 40, axes.images[0].get_array().shape[0], 0]


def test_columns_have_the_names_of_the_models_and_rows_those_of_the_findings():
    figure = draw(PANEL, LONG)
    assert [axes.get_title() for axes in figure.axes] == ['model 0', 'model 1']
    assert 'P1' in [text.get_text() for text in figure.texts]


def test_legend_names_dotted_boxes_only_where_there_are_any():
    def entries(figure):
        return [text.get_text() for text in figure.legends[0].get_texts()]

    assert entries(draw(PANEL)) == ['annotated', 'predicted', 'best match, of a lower score']
    assert entries(draw(LONG)) == ['annotated', 'predicted']


@pytest.mark.parametrize('rows', [[], [FindingRow('P1', [LONG, LONG])]])
def test_rows_that_do_not_fit_the_columns_are_refused(rows):
    with pytest.raises(ValueError, match='each of the 1 columns'):
        finding_panels_figure(['model'], rows, 'predicted')
