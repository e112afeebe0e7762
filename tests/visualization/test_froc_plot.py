from __future__ import annotations

from xml.etree import ElementTree

from mammo_plugins.visualization import froc_svg

CURVES = {'M&M "3-D" \\1': ([0, 0.5, 3.0], [0, 0.5, 0.9]), 'MIP': ([0, 0.1], [0, 0.3])}


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
    root = ElementTree.fromstring(froc_svg({'MIP': ([0, 0.1], [0, 0.3])}))
    path = next(e.attrib['d'] for e in root.iter('path') if '#3b82f6' in e.attrib.get('style', ''))
    points = [tuple(map(float, point.split())) for point in path.replace('M', 'L').split('L') if point.strip()]
    level = [x for x, y in points if y == points[-1][1]]
    assert max(level) - min(level) > 18 * (min(level) - points[0][0]) > 0  # from 0.1 to 2, after 0 to 0.1


def test_no_curve_gives_an_empty_plot():
    assert froc_svg({}).startswith('<svg role="img" aria-label="FROC curves of no model"')
