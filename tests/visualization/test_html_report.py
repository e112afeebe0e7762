from __future__ import annotations

import base64
import html.parser
import io
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from mammo_plugins.evaluation.functional import CurveBand, Estimate
from mammo_plugins.visualization import (
    PlotCurve,
    ReportCase,
    ReportLayer,
    ReportPrediction,
    ReportTruth,
    ReportView,
    write_report,
)

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
    planes = view['planes']
    assert (planes['width'], planes['height'], planes['top'], planes['box']) == (40, 64, 255, [0, 0, 40, 64])
    assert re.findall('id="plane-0-([0-9])">', report.read_text()) == list('01234')
    assert (view['size'], view['ranges'][-1]) == ([40, 64], [4, 4])
    assert [prediction['score'] for prediction in view['predictions']] == [0.875, 0.125]
    assert view['predictions'][0]['weights'] == list(WEIGHTS)
    assert view['truth'][0] | {'text': ''} == {
        'box': [10, 20, 22, 30], 'first': 1, 'last': 2, 'slice': 2, 'text': '', 'malignant': True, 'lesion': '',
    }  # fmt: skip


def test_same_content_gives_the_same_bytes(report, tmp_path):
    again = write_report(tmp_path / 'again.html', 'A & B', ROWS, FROC, ROC, make_cases(), ['Three <notes>.'])
    assert again.read_bytes() == report.read_bytes()


def test_pictures_are_reduced_until_the_file_fits(tmp_path):
    cases = [ReportCase('P1', 'normal', [make_view(frames=6, height=700, width=500)])]
    write_report(tmp_path / 'large.html', 'T', [], cases=cases)
    write_report(tmp_path / 'small.html', 'T', [], cases=cases, max_bytes=600_000)
    large, small = ((tmp_path / f'{name}.html').stat().st_size for name in ('large', 'small'))
    assert small <= 600_000 < large
    assert embedded(tmp_path / 'small.html')['cases'][0]['views'][0]['planes']['width'] < 500


def test_too_many_pictures_are_refused(tmp_path):
    cases = [ReportCase('P1', 'normal', [make_view(frames=40, height=300, width=300)])]
    with pytest.raises(ValueError, match='40 frames take more than .* show fewer cases or slices'):
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
        (picture,) = [entry['picture'] for entry in view['pictures'] if entry['name'] == 'normal']
        encoded = base64.b64decode(picture.removeprefix('data:image/jpeg;base64,'))
        shown = np.asarray(Image.open(io.BytesIO(encoded)))
        assert shown.shape == (64, 40) and shown[bright].mean() > 190 and shown.mean() < 60
    with pytest.raises(ValueError, match=r"picture 'normal' must be \(h, w\) uint8, got \(1, 8, 5\) uint8"):
        replace(make_view(), pictures={'normal': np.zeros((1, 8, 5), np.uint8)})


def test_made_pictures_count_for_the_size_of_the_page(tmp_path):
    cases = [compared_case()]
    whole = write_report(tmp_path / 'a.html', 'T', [], cases=cases).stat().st_size
    with pytest.raises(ValueError, match='2 frames take'):
        write_report(tmp_path / 'b.html', 'T', [], cases=cases, max_bytes=whole - 6000)


def test_further_tables_have_their_captions(tmp_path):
    tables = [('Calls <of> a', [{'True class': 'B', 'called B': '3'}]), ('Other', [{'Model': 'M', 'n': Estimate(0.5)}])]
    text = write_report(tmp_path / 'report.html', 'T', [], tables=tables).read_text()
    assert '<h3>Calls &lt;of&gt; a</h3>' in text and '<th scope="row">B</th><td>3</td>' in text
    assert text.count('<table class="results">') == 2 and '0.500' in text


@pytest.mark.parametrize(
    ('frames', 'ranges', 'message'),
    [
        (np.zeros((2, 8, 8)), None, r'must be \(F, H, W\) uint8 or uint16, got \(2, 8, 8\) float64'),
        (np.zeros((8, 8), np.uint8), None, r'got \(8, 8\) uint8'),
        (np.zeros((2, 8, 8), np.uint8), [(0, 3)], '2 frames have 1 slice ranges'),
        (np.zeros((2, 8, 8), np.uint8), [(0, 3), (5, 6)], 'do not follow one another'),
        (np.zeros((2, 8, 8), np.uint8), [(1, 3), (4, 6)], 'do not follow one another from 0'),
    ],
)
def test_unusable_view_is_refused(frames, ranges, message):
    with pytest.raises(ValueError, match=f'view L-CC: .*{message}'):
        ReportView('L-CC', frames, slice_ranges=ranges)
