from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest

from mammo_plugins.evaluation.functional import CurveBand
from mammo_plugins.visualization import PlotCurve, froc_svg, roc_svg

BAND = CurveBand(np.array([0, 0.5, 1.0]), np.array([0, 0.2, 0.4]), np.array([0.1, 0.6, 0.8]))
CURVES = {
    'M&M "3-D" \\1': PlotCurve([0, 0.5, 3.0], [0, 0.5, 0.9], BAND),
    'MIP': PlotCurve([0, 0.1], [0, 0.3]),
}


def test_svg_is_one_element_that_names_the_curves():
    root = ElementTree.fromstring(froc_svg(CURVES))
    assert root.tag == 'svg'
    assert root.attrib['aria-label'] == 'FROC curves of M&M "3-D" /1, MIP'
    texts = [element.text for element in root.iter('text')]
    assert {'M&M "3-D" \\1', 'MIP', 'False positives per volume'} <= set(texts)


def test_svg_takes_the_colours_of_the_page_and_has_no_address():
    svg = froc_svg(CURVES)
    assert 'var(--text)' in svg and 'http' not in svg and 'xmlns' not in svg


def test_curve_that_ends_early_goes_on_flat():
    root = ElementTree.fromstring(froc_svg({'MIP': PlotCurve([0, 0.1], [0, 0.3])}))
    path = next(e.attrib['d'] for e in root.iter('path') if '#3b82f6' in e.attrib.get('style', ''))
    points = [tuple(map(float, point.split())) for point in path.replace('M', 'L').split('L') if point.strip()]
    level = [x for x, y in points if y == points[-1][1]]
    assert max(level) - min(level) > 18 * (min(level) - points[0][0]) > 0  # from 0.1 to 2, after 0 to 0.1


def test_no_curve_gives_an_empty_plot():
    assert froc_svg({}).startswith('<svg role="img" aria-label="FROC curves of no model"')


@pytest.mark.parametrize('plot', [froc_svg, roc_svg])
def test_only_a_curve_with_a_band_gets_a_filled_area(plot):
    def filled(curves):
        styles = [element.attrib.get('style', '') for element in ElementTree.fromstring(plot(curves)).iter('use')]
        return sum('fill: #3b82f6' in style and 'opacity: 0.12' in style for style in styles)

    with_band, without = {'A': PlotCurve([0, 1], [0, 1], BAND)}, {'A': PlotCurve([0, 1], [0, 1])}
    assert (filled(with_band), filled(without)) == (1, 0)


def test_roc_names_its_axes_and_curves():
    root = ElementTree.fromstring(roc_svg(CURVES))
    assert root.attrib['aria-label'] == 'ROC curves of M&M "3-D" /1, MIP'
    assert {'False-positive rate', 'Sensitivity (breasts)', 'MIP'} <= {element.text for element in root.iter('text')}
