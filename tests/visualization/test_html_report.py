from __future__ import annotations

import base64
import html.parser
import io
import json
import re
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from mammo_plugins.evaluation.functional import CurveBand, Estimate
from mammo_plugins.visualization import (
    PlotCurve,
    ReportCase,
    ReportLayer,
    ReportPatch,
    ReportPrediction,
    ReportTruth,
    ReportView,
    write_report,
)

CHROMIUM = next(filter(None, map(shutil.which, ('chromium', 'chromium-browser', 'google-chrome'))), None)
WEIGHTS = (0.05, 0.1, 0.5, 0.25, 0.1)
ROWS = [
    {
        'Model': 'MIP <2-D>',
        'R@0.25': Estimate(0.4123, 0.04, 0.33, 0.49, method='bootstrap'),
        'Breast AUC': Estimate(0.7),
    },
    {'Model': 'M&M-3D', 'R@0.25': Estimate(0.6987), 'Breast AUC': Estimate(float('nan'), reason='no positive case')},
]
BAND = CurveBand(np.array([0, 1.0]), np.array([0, 0.2]), np.array([0.3, 0.9]))
FROC = {'MIP <2-D>': PlotCurve([0, 0.2, 1.0], [0, 0.4, 0.6], BAND), 'M&M-3D': PlotCurve([0, 0.1], [0, 0.7])}
ROC = {'MIP <2-D>': PlotCurve([0, 0.2, 1.0], [0, 0.4, 1.0])}


def make_view(name='L-CC', frames=5, height=64, width=40, seed=0):
    stack = np.random.default_rng(seed).integers(0, 255, (frames, height, width), dtype=np.uint8)
    truth = [ReportTruth((10, 20, 22, 30), 1, 2, 2, 'malignant mass')]
    predictions = [
        ReportPrediction((30, 40, 38, 50), 4, 0.125, WEIGHTS, False),
        ReportPrediction((11, 20, 22, 31), 2, 0.875, WEIGHTS, True),
    ]
    return ReportView(name, stack, truth, predictions)


def make_cases():
    return [
        ReportCase('P1 / S1 / L', 'malignant', [make_view('L-CC'), make_view('L-MLO')], 'breast score 0.81'),
        ReportCase('P2 / S1 / R </script>', 'normal', [ReportView('R-CC', np.zeros((1, 64, 40), np.uint8))]),
    ]


@pytest.fixture(name='report')
def report_fixture(tmp_path):
    return write_report(tmp_path / 'out' / 'report.html', 'A & B', ROWS, FROC, ROC, make_cases(), ['Three <notes>.'])


def embedded(path):
    text = path.read_text()
    return json.loads(re.search(r'<script type="application/json" id="report-data">(.*?)</script>', text).group(1))


class TagBalance(html.parser.HTMLParser):
    """Collects the elements, and fails where a closing tag does not fit."""

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in {'meta', 'link', 'img', 'input', 'br'}:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_file_parses_and_holds_every_part(report):
    parser = TagBalance()
    parser.feed(report.read_text())
    assert parser.open == []
    ids = [attributes.get('id') for _, attributes in parser.seen]
    assert {'results', 'curves', 'cases', 'views', 'report-data'} <= set(ids)
    assert [path.name for path in report.parent.iterdir()] == ['report.html']


def test_file_needs_nothing_from_outside(report):
    text = report.read_text()
    assert re.findall(r'https?:|//[a-z]+\.|@import|url\(\s*[^#\s)]', text) == []
    sources = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert all(source.startswith(('#', 'data:')) for source in sources)
    assert "default-src 'none'" in text


def test_numbers_and_notes_are_in_the_table(report):
    text = report.read_text()
    for expected in ('MIP &lt;2-D&gt;', '0.412', '± 0.040', '[0.330, 0.490]', '0.699', 'n/a', 'Three &lt;notes&gt;.'):
        assert expected in text
    assert '<td class="best">0.699</td>' in text
    assert 'title="no positive case"' in text
    assert '<title>A &amp; B</title>' in text


def test_both_plots_are_there_and_say_what_their_bands_are(report):
    text = report.read_text()
    assert 'aria-label="FROC curves of MIP &lt;2-D>, M&amp;M-3D"' in text
    assert 'aria-label="ROC curves of MIP &lt;2-D>"' in text
    assert text.count('Bands: 95% intervals at each point (bootstrap over patients).') == 1


def test_text_cannot_break_out_of_the_page(report):
    assert embedded(report)['cases'][1]['id'] == 'P2 / S1 / R </script>'
    assert 'R </script>' not in report.read_text()


def test_cases_hold_frames_boxes_and_ranked_predictions(report):
    view = embedded(report)['cases'][0]['views'][0]
    assert len(view['frames']) == 5
    assert all(frame.startswith('data:image/jpeg;base64,') for frame in view['frames'])
    assert (view['size'], view['ranges'][-1]) == ([40, 64], [4, 4])
    assert [prediction['score'] for prediction in view['predictions']] == [0.875, 0.125]
    assert view['predictions'][0]['weights'] == list(WEIGHTS)
    assert view['truth'][0] | {'text': ''} == {
        'box': [10, 20, 22, 30], 'first': 1, 'last': 2, 'slice': 2, 'text': '', 'malignant': True,
    }  # fmt: skip


def test_same_content_gives_the_same_bytes(report, tmp_path):
    again = write_report(tmp_path / 'again.html', 'A & B', ROWS, FROC, ROC, make_cases(), ['Three <notes>.'])
    assert again.read_bytes() == report.read_bytes()


def test_pictures_are_reduced_until_the_file_fits(tmp_path):
    cases = [ReportCase('P1', 'normal', [make_view(frames=6, height=700, width=500)])]
    write_report(tmp_path / 'large.html', 'T', [], cases=cases)
    write_report(tmp_path / 'small.html', 'T', [], cases=cases, max_bytes=400_000)
    large, small = ((tmp_path / f'{name}.html').stat().st_size for name in ('large', 'small'))
    assert small <= 400_000 < large


def test_too_many_pictures_are_refused(tmp_path):
    cases = [ReportCase('P1', 'normal', [make_view(frames=40, height=300, width=300)])]
    with pytest.raises(ValueError, match='40 frames take .* show fewer cases or slices'):
        write_report(tmp_path / 'report.html', 'T', [], cases=cases, max_bytes=100_000)
    assert not (tmp_path / 'report.html').exists()


def test_report_without_cases_curves_and_rows_is_a_page(tmp_path):
    text = write_report(tmp_path / 'report.html', 'Nothing', []).read_text()
    assert '<h1>Nothing</h1>' in text and 'id="cases"' not in text


def test_saliency_lies_over_the_picture_as_it_is_hung(tmp_path):
    levels = np.zeros((8, 5), np.uint8)
    levels[2, 0], levels[7, 4] = 255, 128
    views = [
        replace(make_view(name, frames=1), predictions=[], saliency=[ReportLayer('any <b>', levels)])
        for name in ('L-CC', 'R-CC')
    ]
    report = write_report(tmp_path / 'report.html', 'T', [], cases=[ReportCase('P1', 'normal', views)])
    shown = []
    for view in embedded(report)['cases'][0]['views']:
        (overlay,) = view['saliency']
        assert overlay['class'] == 'any <b>' and 'any <b>' not in report.read_text()
        encoded = overlay['picture'].removeprefix('data:image/png;base64,')
        shown.append(np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded))).convert('RGBA')))
    right, left = shown  # as they hang
    np.testing.assert_array_equal(left[..., 3], levels)  # as opaque as it is salient
    np.testing.assert_array_equal(right[..., 3], levels[:, ::-1])
    assert left[2, 0, :3].sum() > left[7, 4, :3].sum() > 0
    with pytest.raises(ValueError, match=r"saliency 'any' must be \(h, w\) uint8, got \(8, 5\) float64"):
        replace(views[0], saliency=[ReportLayer('any', levels / 255)])


def compared_case(**of_view):
    """Both sides of a view, the left one first, with the normal image of each: black but for its upper left corner."""
    normal = np.zeros((64, 40), np.uint8)
    normal[:32, :20] = 200
    views = [
        replace(make_view(name, frames=1), predictions=[], truth=[], pictures={'normal': normal}, **of_view)
        for name in ('L-CC', 'R-CC')
    ]
    return ReportCase('P1', 'normal', views)


def test_pictures_of_the_model_are_hung_as_their_images_right_breasts_first(tmp_path):
    report = write_report(tmp_path / 'report.html', 'T', [], cases=[compared_case()])
    right, left = embedded(report)['cases'][0]['views']
    assert (right['name'], left['name']) == ('R-CC', 'L-CC')
    for view, bright in ((right, np.s_[:32, 20:]), (left, np.s_[:32, :20])):
        ((picture,),) = [entry['picture'] for entry in view['pictures'] if entry['name'] == 'normal']
        encoded = base64.b64decode(picture.removeprefix('data:image/jpeg;base64,'))
        shown = np.asarray(Image.open(io.BytesIO(encoded)))
        assert shown.shape == (64, 40) and shown[bright].mean() > 190 and shown.mean() < 60
    with pytest.raises(ValueError, match=r"picture 'normal' must be \(h, w\) uint8, got \(1, 8, 5\) uint8"):
        replace(make_view(), pictures={'normal': np.zeros((1, 8, 5), np.uint8)})


def test_made_pictures_count_for_the_size_of_the_page(tmp_path):
    cases = [compared_case()]
    whole = write_report(tmp_path / 'a.html', 'T', [], cases=cases).stat().st_size
    with pytest.raises(ValueError, match='4 frames take'):
        write_report(tmp_path / 'b.html', 'T', [], cases=cases, max_bytes=whole - 6000)


def test_further_tables_have_their_captions(tmp_path):
    tables = [('Calls <of> a', [{'True class': 'B', 'called B': '3'}]), ('Other', [{'Model': 'M', 'n': Estimate(0.5)}])]
    text = write_report(tmp_path / 'report.html', 'T', [], tables=tables).read_text()
    assert '<h3>Calls &lt;of&gt; a</h3>' in text and '<th scope="row">B</th><td>3</td>' in text
    assert text.count('<table class="results">') == 2 and '0.500' in text


@pytest.mark.parametrize(
    ('frames', 'ranges', 'message'),
    [
        (np.zeros((2, 8, 8)), None, r'must be \(F, H, W\) uint8, got \(2, 8, 8\) float64'),
        (np.zeros((8, 8), np.uint8), None, r'got \(8, 8\) uint8'),
        (np.zeros((2, 8, 8), np.uint8), [(0, 3)], '2 frames have 1 slice ranges'),
        (np.zeros((2, 8, 8), np.uint8), [(0, 3), (5, 6)], 'do not follow one another'),
        (np.zeros((2, 8, 8), np.uint8), [(1, 3), (4, 6)], 'do not follow one another from 0'),
    ],
)
def test_unusable_view_is_refused(frames, ranges, message):
    with pytest.raises(ValueError, match=f'view L-CC: .*{message}'):
        ReportView('L-CC', frames, slice_ranges=ranges)


def run_browser(report, tmp_path, actions, *options):
    """Opens the page, runs ``actions`` after its scripts, and gives what the browser prints."""
    watch = (
        '<script>document.documentElement.dataset.errors = "";'
        'for (const kind of ["error", "securitypolicyviolation"]) window.addEventListener(kind, (event) => {'
        ' document.documentElement.dataset.errors += event.message || event.violatedDirective; }, true);</script>'
    )
    act = f'<script>window.addEventListener("load", () => {{ {actions} }});</script>'
    page = tmp_path / 'watched.html'
    page.write_text(report.read_text().replace('<head>', f'<head>{watch}').replace('</body>', f'{act}</body>'))
    common = '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking '
    common += '--disable-component-update --disable-sync --virtual-time-budget=2000'
    profile = f'--user-data-dir={tmp_path / "profile"}'
    command = [CHROMIUM, *common.split(), *options, profile, page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


def browse(report, tmp_path, actions=''):
    """The page's elements after its scripts and ``actions`` have run, with what went wrong in ``data-errors``."""
    text = run_browser(report, tmp_path, actions, '--dump-dom')
    return re.sub('<template.*?</template>|<style>.*?</style>|<script>.*?</script>', '', text, flags=re.DOTALL)


def photograph(report, tmp_path, actions=''):
    """(600, 400, 3) pixels of the first image of the page, ten on one for an image of 40 x 60."""
    enlarge = "Object.assign(document.querySelector('.stage').style, {position: 'fixed', left: 0, top: 0, zIndex: 9, "
    enlarge += "width: '400px', height: '600px', borderRadius: 0});"
    picture = tmp_path / 'screen.png'
    look = ('--hide-scrollbars', '--force-device-scale-factor=1', '--window-size=600,800', f'--screenshot={picture}')
    run_browser(report, tmp_path, actions + enlarge, *look)
    return np.asarray(Image.open(picture).convert('RGB'))[:600, :400].astype(int)


needs_browser = pytest.mark.skipif(CHROMIUM is None, reason='no chromium to open the report with')


@needs_browser
def test_page_loads_without_script_errors(report, tmp_path):
    page = browse(report, tmp_path)
    assert 'data-errors=""' in page and 'data-ready="true"' in page
    assert page.count('class="view"') == 2
    assert 'slice 2 (0 to 4)' in page  # opens at the top finding
    assert page.count('class="box truth') == 2 and page.count('class="band"') == 2 and page.count('class="area"') == 2
    assert 'box prediction chosen' in page and 'box prediction away' in page


@needs_browser
def test_keys_and_controls_change_what_is_shown(report, tmp_path):
    actions = """
        document.querySelector('.view').dispatchEvent(new KeyboardEvent('keydown', {key: 'End'}));
        const threshold = document.getElementById('threshold');
        threshold.value = 0.5;
        threshold.dispatchEvent(new Event('input'));
    """
    page = browse(report, tmp_path, actions)
    assert 'data-errors=""' in page
    assert 'slice 4 (0 to 4)' in page and 'slice 2 (0 to 4)' in page  # one view moved, the other did not
    assert page.count('class="box truth') == 1  # slice 4 shows no finding
    assert page.count('Finding 1') == 2 and 'Finding 2' not in page


@needs_browser
def test_single_slice_case_has_no_slider(report, tmp_path):
    page = browse(report, tmp_path, "document.querySelectorAll('.case-list button')[1].click();")
    assert 'data-errors=""' in page
    assert page.count('class="view flat"') == 1
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


@needs_browser
def test_maps_are_ticked_by_class_and_by_map(tmp_path):
    report = layered_report(tmp_path)
    page = browse(report, tmp_path)
    assert 'data-errors=""' in page and shown_maps(page) == ['malignant']
    for label in ('benign', 'malignant', 'scored map', 'global'):
        assert re.search(rf'<label><input type="checkbox"[^>]*> {label}</label>', page)
    both = tick('classes', 'benign') + tick('maps', 'global')
    assert shown_maps(browse(report, tmp_path, both)) == ['benign', 'malignant', 'global: benign', 'global: malignant']
    assert shown_maps(browse(report, tmp_path, both + tick('maps', '', False))) == [
        'global: benign',
        'global: malignant',
    ]
    faint = browse(report, tmp_path, change(by_id('opacity'), value=0.25))
    assert re.search('class="saliency-layers" style="opacity: 0.25;"', faint)
    without = browse(report, tmp_path, change(by_id('show-colours'), checked=False))
    assert shown_maps(without) == [] and 'malignant: up to 0.80' in without


@needs_browser
@pytest.mark.parametrize(('name', 'columns'), [('L-CC', (0, 20)), ('R-CC', (20, 40))])
def test_outline_of_a_map_is_where_it_reaches_the_level(name, columns, tmp_path):
    report = layered_report(tmp_path, name)
    actions = change(by_id('show-contours'), checked=True) + change(by_id('contour-level'), value=0.4)
    page = browse(report, tmp_path, actions)
    assert 'data-errors=""' in page and '<output id="contour-value" for="contour-level">0.40</output>' in page
    ((layer, path),) = contours_of(page)
    assert layer == 'malignant'
    # Half way between 0 and 0.8: between the centres of the first cell outside and the first one inside.
    points = np.array(re.findall(r'(-?[0-9.]+) (-?[0-9.]+)', path), float) / 1000 * (40, 60)
    assert points.min(axis=0).tolist() == pytest.approx([columns[0], 10], abs=0.1)
    assert points.max(axis=0).tolist() == pytest.approx([columns[1], 30], abs=0.1)
    assert path.count('M') == path.count('Z') == 1
    assert 'malignant: up to 0.80, 16.7 % of the picture reach 0.40' in page
    both = browse(report, tmp_path, actions + tick('maps', 'global'))
    assert contours_of(both) == [('malignant', path), ('global: malignant', '')]
    assert 'global: malignant: up to 0.20, nothing reaches 0.40' in both


def contours_of(page):
    """Name and path of each outline."""
    outlines = re.findall(r'<path class="contour"[^>]*>', page)
    return [
        (re.search('data-layer="([^"]*)"', one).group(1), re.search(' d="([^"]*)"', one).group(1)) for one in outlines
    ]


@needs_browser
def test_outline_of_a_whole_picture_is_its_edge(tmp_path):
    actions = tick('maps', 'global') + tick('maps', '', False)
    actions += change(by_id('show-contours'), checked=True) + change(by_id('contour-level'), value=0.1)
    ((layer, path),) = contours_of(browse(layered_report(tmp_path), tmp_path, actions))
    points = np.array(re.findall(r'([0-9.]+) ([0-9.]+)', path), float)
    assert layer == 'global: malignant' and points.min() == 0 and points.max() == 1000
    assert (np.isin(points, (0, 1000)).any(axis=1)).all()


@needs_browser
def test_patches_are_drawn_and_can_be_hidden(tmp_path):
    report = layered_report(tmp_path)
    page = browse(report, tmp_path)
    boxes = re.findall(r'<div class="box patch[^>]*style="([^"]*)"><span>([^<]*)</span>', page)
    assert [text for _, text in boxes] == ['patch 1, attention 0.75', 'patch 2']
    assert boxes[0][0] == 'left: 12.5%; top: 10%; width: 50%; height: 50%;'
    assert boxes[1][0].endswith('width: 25%; height: 16.6667%;')  # what lies beyond the image is cut off
    hidden = browse(report, tmp_path, change(by_id('show-patches'), checked=False))
    assert 'data-errors=""' in hidden and 'class="box patch' not in hidden
    mirrored = re.findall(r'box patch[^>]*style="([^"]*)"', browse(layered_report(tmp_path, 'R-CC'), tmp_path))
    assert mirrored[0] == 'left: 37.5%; top: 10%; width: 50%; height: 50%;'


@needs_browser
def test_outlines_and_patches_are_seen_where_they_belong(tmp_path):
    actions = change(by_id('show-contours'), checked=True) + change(by_id('contour-level'), value=0.4)
    seen = photograph(layered_report(tmp_path), tmp_path, actions + change(by_id('show-colours'), checked=False))
    outline = np.argwhere(np.abs(seen - (0xFF, 0x5F, 0xD2)).max(axis=2) < 40)
    assert outline.min(axis=0) == pytest.approx((100, 0), abs=2) and outline.max(axis=0) == pytest.approx(
        (300, 200), abs=2
    )
    assert len(outline) < 4000  # a line, not an area
    patch = np.argwhere(np.abs(seen - (0xD9, 0xCC, 0xFF)).max(axis=2) < 40)
    assert patch.min(axis=0) == pytest.approx((60, 50), abs=2)  # the first one from above and from the left
    assert patch.max(axis=0) == pytest.approx((600, 400), abs=2)  # the second one ends with the image
    assert (seen[200, 100] == 0).all()  # colours are off
    coloured = photograph(layered_report(tmp_path), tmp_path, change(by_id('opacity'), value=1))
    assert coloured[200, 120].sum() > 300 and (coloured[450, 250] == 0).all()
    faint = photograph(layered_report(tmp_path), tmp_path, change(by_id('opacity'), value=0.5))
    assert faint[200, 120] == pytest.approx(coloured[200, 120] / 2, abs=3)


@needs_browser
def test_page_without_maps_and_patches_has_no_controls_for_them(report, tmp_path):
    page = browse(report, tmp_path)
    assert re.search('<fieldset class="of-saliency" hidden', page)
    assert re.search('<label class="of-patches" hidden', page)


@needs_browser
def test_line_between_an_image_and_what_the_model_made_of_it_moves(tmp_path):
    case = compared_case(saliency=[ReportLayer('any', np.ones((2, 2), np.uint8))])
    report = write_report(tmp_path / 'report.html', 'T', [], cases=[case, ReportCase('P2', 'normal', [make_view()])])
    page = browse(report, tmp_path)
    assert 'data-errors=""' in page and page.count('clip-path: inset(0px 0px 0px 50%)') == 2
    assert page.count('alt="R-CC, normal image by the model"') == 1
    assert shown_maps(page) == []  # until it is chosen
    assert shown_maps(browse(report, tmp_path, tick('classes', 'any'))) == ['any'] * 2
    move = (
        "const input = document.getElementById('divide'); input.value = 0.25; input.dispatchEvent(new Event('input'));"
    )
    assert browse(report, tmp_path, move).count('clip-path: inset(0px 0px 0px 25%)') == 2
    drag = """
        const stage = document.querySelector('.stage');
        const { left, width, top } = stage.getBoundingClientRect();
        const place = { clientX: left + 0.75 * width, clientY: top + 5, buttons: 1, cancelable: true };
        stage.dispatchEvent(new PointerEvent('pointermove', place));
    """
    dragged = browse(report, tmp_path, drag)
    assert dragged.count('clip-path: inset(0px 0px 0px 75%)') == 2 and 'style="left: 75%;"' in dragged
    off = "const choice = document.getElementById('picture'); choice.value = '';"
    off += "choice.dispatchEvent(new Event('input'));"
    assert len(re.findall(r'<img class="picture"[^>]*hidden', browse(report, tmp_path, off))) == 2
    # A case without such pictures has no line.
    other = browse(report, tmp_path, "document.querySelectorAll('.case-list button')[1].click();")
    assert 'data-errors=""' in other and re.search(r'<span class="divider" hidden', other)


@needs_browser
def test_page_without_made_pictures_has_no_comparison(report, tmp_path):
    assert len(re.findall(r'<label class="of-picture" hidden', browse(report, tmp_path))) == 2
