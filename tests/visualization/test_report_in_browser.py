"""The report in a browser: what its controls show, and where maps, outlines and patches lie."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from mammo_plugins.visualization import ReportCase, ReportLayer, ReportPatch, ReportView, write_report
from tests.visualization.test_html_report import compared_case, make_cases, make_view


@pytest.fixture(scope='module', name='report')
def report_fixture(tmp_path_factory):
    return write_report(tmp_path_factory.mktemp('report') / 'report.html', 'A & B', [], cases=make_cases())


def photograph(pages, report, actions=''):
    """(600, 400, 3) pixels of the first image of the page, ten on one for an image of 40 x 60."""
    enlarge = "Object.assign(document.querySelector('.stage').style, {position: 'fixed', left: 0, top: 0, zIndex: 9, "
    enlarge += "width: '400px', height: '600px'});"
    enlarge += (
        "for (const one of document.querySelectorAll('.view-mark, .grey-window')) one.style.visibility = 'hidden';"
    )
    pages.open(report, actions + enlarge)
    return pages.browser.picture()[:600, :400].astype(int)


def test_page_loads_without_script_errors(pages, report, tmp_path):
    page = pages.browse(report)
    assert 'data-ready="true"' in page
    assert page.count('class="view"') == 2
    assert 'slice 2 (0 to 4)' in page  # opens at the top finding
    assert page.count('class="box truth') == 2 and page.count('class="band"') == 2 and page.count('class="area"') == 2
    assert 'box prediction chosen' in page and 'box prediction away' in page


def test_keys_and_controls_change_what_is_shown(pages, report, tmp_path):
    actions = """
        document.querySelector('.view').dispatchEvent(new KeyboardEvent('keydown', {key: 'End', bubbles: true}));
        const threshold = document.getElementById('threshold');
        threshold.value = 0.5;
        threshold.dispatchEvent(new Event('input'));
    """
    page = pages.browse(report, actions)
    assert 'slice 4 (0 to 4)' in page and 'slice 2 (0 to 4)' in page  # one view moved, the other did not
    assert page.count('class="box truth') == 1  # slice 4 shows no finding
    assert page.count('Finding 1') == 2 and 'Finding 2' not in page


def test_single_slice_case_has_no_slider(pages, report, tmp_path):
    page = pages.browse(report, "document.querySelectorAll('.case-list button')[1].click();")
    assert page.count('class="view flat ') == 1
    assert 'P2 / S1 / R &lt;/script&gt;' in page


def change(control, **values):
    """Sets a control of the page, as a hand would."""
    sets = ''.join(f'control.{name} = {json.dumps(value)};' for name, value in values.items())
    return f"{{ const control = {control}; {sets} control.dispatchEvent(new Event('input', {{bubbles: true}})); }}\n"


def by_id(name):
    return f"document.getElementById('{name}')"


def tick(kind, name, checked=True):
    box = f"[...document.querySelectorAll('#saliency-{kind} input')].find((box) => box.value === '{name}')"
    return change(box, checked=checked)


def shown_maps(page):
    """The names of the maps that lie over the images in their colours."""
    overlays = re.findall(r'<img class="saliency"[^>]*>', page)
    return [re.search('alt="Saliency ([^"]*)"', overlay).group(1) for overlay in overlays if 'hidden' not in overlay]


def layered_report(tmp_path, name='L-CC'):
    """An image of 40 x 60 pixels with two maps of two classes, and two patches, one of them partly beyond the image."""
    levels = np.zeros((6, 4), np.uint8)
    levels[1:3, :2] = 204  # rows 10 to 30, columns 0 to 20 of the image
    whole = np.full((6, 4), 51, np.uint8)
    layers = [
        ReportLayer('benign', whole),
        ReportLayer('malignant', levels),
        ReportLayer('benign', whole, 'global'),
        ReportLayer('malignant', whole, 'global'),
    ]
    patches = [ReportPatch((5, 6, 25, 36), 'patch 1, attention 0.75'), ReportPatch((30, 50, 50, 80), 'patch 2')]
    view = ReportView(name, np.zeros((1, 60, 40), np.uint8), saliency=layers, patches=patches)
    return write_report(tmp_path / 'report.html', 'T', [], cases=[ReportCase('P1', 'normal', [view])])


def test_maps_are_ticked_by_class_and_by_map(pages, tmp_path):
    report = layered_report(tmp_path)
    page = pages.browse(report)
    assert shown_maps(page) == ['malignant']
    for label in ('benign', 'malignant', 'scored map', 'global'):
        assert re.search(rf'<label><input type="checkbox"[^>]*> {label}</label>', page)
    both = tick('classes', 'benign') + tick('maps', 'global')
    assert shown_maps(pages.browse(report, both)) == ['benign', 'malignant', 'global: benign', 'global: malignant']
    assert shown_maps(pages.browse(report, both + tick('maps', '', False))) == [
        'global: benign',
        'global: malignant',
    ]
    faint = pages.browse(report, change(by_id('opacity'), value=0.25))
    assert re.search('class="saliency-layers" style="opacity: 0.25;"', faint)
    without = pages.browse(report, change(by_id('show-colours'), checked=False))
    assert shown_maps(without) == [] and 'malignant: up to 0.80' in without


@pytest.mark.parametrize(('name', 'columns'), [('L-CC', (0, 20)), ('R-CC', (20, 40))])
def test_outline_of_a_map_is_where_it_reaches_the_level(pages, name, columns, tmp_path):
    report = layered_report(tmp_path, name)
    actions = change(by_id('show-contours'), checked=True) + change(by_id('contour-level'), value=0.4)
    page = pages.browse(report, actions)
    assert '<output id="contour-value" for="contour-level">0.40</output>' in page
    ((layer, path),) = contours_of(page)
    assert layer == 'malignant'
    # Half way between 0 and 0.8: between the centres of the first cell outside and the first one inside.
    points = np.array(re.findall(r'(-?[0-9.]+) (-?[0-9.]+)', path), float) / 1000 * (40, 60)
    assert points.min(axis=0).tolist() == pytest.approx([columns[0], 10], abs=0.1)
    assert points.max(axis=0).tolist() == pytest.approx([columns[1], 30], abs=0.1)
    assert path.count('M') == path.count('Z') == 1
    assert 'malignant: up to 0.80, 16.7 % of the picture reach 0.40' in page
    both = pages.browse(report, actions + tick('maps', 'global'))
    assert contours_of(both) == [('malignant', path), ('global: malignant', '')]
    assert 'global: malignant: up to 0.20, nothing reaches 0.40' in both


def contours_of(page):
    """Name and path of each outline."""
    outlines = re.findall(r'<path class="contour"[^>]*>', page)
    return [
        (re.search('data-layer="([^"]*)"', one).group(1), re.search(' d="([^"]*)"', one).group(1)) for one in outlines
    ]


def test_outline_of_a_whole_picture_is_its_edge(pages, tmp_path):
    actions = tick('maps', 'global') + tick('maps', '', False)
    actions += change(by_id('show-contours'), checked=True) + change(by_id('contour-level'), value=0.1)
    ((layer, path),) = contours_of(pages.browse(layered_report(tmp_path), actions))
    points = np.array(re.findall(r'([0-9.]+) ([0-9.]+)', path), float)
    assert layer == 'global: malignant' and points.min() == 0 and points.max() == 1000
    assert (np.isin(points, (0, 1000)).any(axis=1)).all()


def test_patches_are_drawn_and_can_be_hidden(pages, tmp_path):
    report = layered_report(tmp_path)
    page = pages.browse(report)
    boxes = re.findall(r'<div class="box patch[^>]*style="([^"]*)"><span>([^<]*)</span>', page)
    assert [text for _, text in boxes] == ['patch 1, attention 0.75', 'patch 2']
    assert boxes[0][0] == 'left: 12.5%; top: 10%; width: 50%; height: 50%;'
    assert boxes[1][0].endswith('width: 25%; height: 16.6667%;')  # what lies beyond the image is cut off
    hidden = pages.browse(report, change(by_id('show-patches'), checked=False))
    assert 'class="box patch' not in hidden
    mirrored = re.findall(r'box patch[^>]*style="([^"]*)"', pages.browse(layered_report(tmp_path, 'R-CC')))
    assert mirrored[0] == 'left: 37.5%; top: 10%; width: 50%; height: 50%;'


def test_outlines_and_patches_are_seen_where_they_belong(pages, tmp_path):
    actions = change(by_id('show-contours'), checked=True) + change(by_id('contour-level'), value=0.4)
    seen = photograph(pages, layered_report(tmp_path), actions + change(by_id('show-colours'), checked=False))
    outline = np.argwhere(np.abs(seen - (0xFF, 0x5F, 0xD2)).max(axis=2) < 40)
    assert outline.min(axis=0) == pytest.approx((100, 0), abs=2) and outline.max(axis=0) == pytest.approx(
        (300, 200), abs=2
    )
    assert len(outline) < 4000  # a line, not an area
    patch = np.argwhere(np.abs(seen - (0xD9, 0xCC, 0xFF)).max(axis=2) < 40)
    assert patch.min(axis=0) == pytest.approx((60, 50), abs=2)  # the first one from above and from the left
    assert patch.max(axis=0) == pytest.approx((600, 400), abs=2)  # the second one ends with the image
    assert (seen[200, 100] == 0).all()  # colours are off
    coloured = photograph(pages, layered_report(tmp_path), change(by_id('opacity'), value=1))
    assert coloured[200, 120].sum() > 300 and (coloured[450, 250] == 0).all()
    faint = photograph(pages, layered_report(tmp_path), change(by_id('opacity'), value=0.5))
    assert faint[200, 120] == pytest.approx(coloured[200, 120] / 2, abs=3)


def test_page_without_maps_and_patches_has_no_controls_for_them(pages, report, tmp_path):
    page = pages.browse(report)
    assert re.search('<fieldset class="of-saliency" hidden', page)
    assert re.search('<label class="of-patches" hidden', page)


def test_line_between_an_image_and_what_the_model_made_of_it_moves(pages, tmp_path):
    case = compared_case(saliency=[ReportLayer('any', np.ones((2, 2), np.uint8))])
    report = write_report(tmp_path / 'report.html', 'T', [], cases=[case, ReportCase('P2', 'normal', [make_view()])])
    page = pages.browse(report)
    assert page.count('clip-path: inset(0px 0px 0px 50%)') == 2
    assert page.count('alt="R-CC, normal image by the model"') == 1
    assert shown_maps(page) == []  # until it is chosen
    assert shown_maps(pages.browse(report, tick('classes', 'any'))) == ['any'] * 2
    move = (
        "const input = document.getElementById('divide'); input.value = 0.25; input.dispatchEvent(new Event('input'));"
    )
    assert pages.browse(report, move).count('clip-path: inset(0px 0px 0px 25%)') == 2
    drag = """
        const stage = document.querySelector('.stage');
        const { left, width, top } = document.querySelector('.scene').getBoundingClientRect();
        const place = { clientX: left + 0.75 * width, clientY: top + 5, buttons: 1, cancelable: true };
        stage.dispatchEvent(new PointerEvent('pointermove', place));
    """
    dragged = pages.browse(report, drag)
    assert dragged.count('clip-path: inset(0px 0px 0px 75%)') == 2 and 'style="left: 75%;"' in dragged
    off = "const choice = document.getElementById('picture'); choice.value = '';"
    off += "choice.dispatchEvent(new Event('input'));"
    assert len(re.findall(r'<img class="picture"[^>]*hidden', pages.browse(report, off))) == 2
    # A case without such pictures has no line.
    other = pages.browse(report, "document.querySelectorAll('.case-list button')[1].click();")
    assert re.search(r'<span class="divider" hidden', other)


def test_page_without_made_pictures_has_no_comparison(pages, report, tmp_path):
    assert len(re.findall(r'<label class="of-picture" hidden', pages.browse(report))) == 2
