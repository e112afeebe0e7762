"""The viewer in a browser: what its pixels are, how it hangs, and what its tools do."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from mammo_plugins.io.display_levels import DisplayScale
from mammo_plugins.visualization import ReportCase, ReportPrediction, ReportTruth, ReportView, write_report

LEVELS = (0, 800, 1500, 2000, 2600, 4000)
SCALE = DisplayScale(4095, center=1500, width=2000, low=0, high=4095, background=0)
DOCUMENTATION = Path(__file__).parents[2] / 'docs/viewer.md'
VIEWS = ('R-CC', 'L-CC', 'R-MLO', 'L-MLO')


def patches(height=300, width=180):
    """(H, W) uint16: bands of known levels from above, 20 pixels of air away from the chest wall."""
    plane = np.repeat(np.array(LEVELS, np.uint16), height // len(LEVELS))[:, None].repeat(width, axis=1)
    plane[:, -20:] = 0
    return plane


def flat_view(name, pixels=None, **changes):
    pixels = patches() if pixels is None else pixels
    return ReportView(name, pixels[None], **(dict(scale=SCALE, spacing_mm=(0.1, 0.1), modality='FFDM') | changes))


def volume(name='L-CC', num_slices=20, **changes):
    """Slice s is at level 90 * s wherever the breast is; it has a true and two predicted findings."""
    frames = np.zeros((num_slices, 60, 40), np.uint16)
    frames[:, :, :30] = 90 * np.arange(num_slices)[:, None, None]
    given = dict(
        truth=[ReportTruth((2, 10, 10, 20), 5, 7, 6, 'malignant mass', lesion='m1')],
        predictions=[ReportPrediction((2, 10, 10, 20), 15, 0.9, lesion=1), ReportPrediction((12, 30, 22, 40), 3, 0.5)],
        scale=DisplayScale.of_intensities(2000),
        spacing_mm=(0.5, 0.5),
        slice_spacing_mm=2.0,
        modality='DBT',
    )
    return ReportView(name, frames, **(given | changes))


def page_of(tmp_path, *views, **further):
    cases = [ReportCase('P1 / S1', 'normal', list(views), patient='P1', study='S1'), *further.get('cases', [])]
    return write_report(tmp_path / 'report.html', 'T', [], cases=cases)


def greys(levels, center=1500, width=2000):
    return [int(np.floor(255 * np.clip((level - center) / width + 0.5, 0, 1) + 0.5)) for level in levels]


def grey_at(pages, x, y, size=(180, 300), panel=0):
    """Grey value in the canvas at a pixel of the image as it hangs; -1 for a colour."""
    script = f"""(() => {{
      const root = document.querySelectorAll('.view:not([hidden])')[{panel}];
      const [stage, scene] = ['.stage', '.scene'].map((one) => root.querySelector(one).getBoundingClientRect());
      const left = Math.round(scene.left - stage.left + {x / size[0]} * scene.width);
      const top = Math.round(scene.top - stage.top + {y / size[1]} * scene.height);
      const context = root.querySelector('canvas').getContext('2d');
      const [red, green, blue] = context.getImageData(left, top, 1, 1).data;
      return red === green && green === blue ? red : -1;
    }})()"""
    return pages.act(script)


def shown_greys(pages, panel=0, x=60):
    """Grey values in the canvas at the middles of the bands, x pixels from the chest wall."""
    mirrored = f"document.querySelectorAll('.view:not([hidden])')[{panel}].classList.contains('mirrored')"
    column = 180 - x if pages.act(mirrored) else x
    return [grey_at(pages, column, 50 * band + 25, panel=panel) for band in range(6)]


def change(pages, name, value):
    """Sets a control of the page, as a hand would."""
    pages.act(f"""{{
      const control = document.getElementById('{name}');
      control.value = '{value}';
      control.dispatchEvent(new Event('input'));
    }}""")


def rects(pages, selector):
    script = f"[...document.querySelectorAll('{selector}')].map((one) => one.getBoundingClientRect().toJSON())"
    return pages.act(script)


def middle(pages, selector='.stage'):
    rect = rects(pages, selector)[0]
    return rect['left'] + rect['width'] / 2, rect['top'] + rect['height'] / 2


def on_image(pages, x, y, size=(180, 300), panel=0):
    """Where on the screen a pixel of an image is."""
    rect = rects(pages, '.view:not([hidden]) .scene')[panel]
    return rect['left'] + x / size[0] * rect['width'], rect['top'] + y / size[1] * rect['height']


def slice_number(pages):
    return pages.act("document.querySelector('.slice-number').textContent")


def test_pixels_are_those_of_the_header_s_window(pages, tmp_path):
    pages.open(page_of(tmp_path, *map(flat_view, VIEWS)))
    for panel in range(4):
        assert shown_greys(pages, panel) == greys(LEVELS) == [0, 38, 128, 191, 255, 255]


def test_inverted_pixels_keep_a_black_background(pages, tmp_path):
    pages.open(page_of(tmp_path, *map(flat_view, VIEWS)))
    pages.browser.press('i')
    assert shown_greys(pages) == [0, *(255 - grey for grey in greys(LEVELS)[1:])]
    assert shown_greys(pages, x=170) == [0] * 6  # the air beside the breast
    pages.browser.press('i')
    assert shown_greys(pages) == greys(LEVELS)


def test_dragging_and_presets_change_the_window_of_all_linked_views(pages, tmp_path):
    pages.open(page_of(tmp_path, *map(flat_view, VIEWS)))
    x, y = middle(pages)
    pages.browser.drag((x, y), (x, y + 40))  # down: darker, by a tenth of the window
    assert [shown_greys(pages, panel) for panel in range(4)] == [greys(LEVELS, 1700)] * 4
    assert pages.act("document.querySelector('.grey-window').textContent") == 'C 1700 W 2000'
    change(pages, 'preset', 'all')
    assert shown_greys(pages, 3) == greys(LEVELS, 2047.5, 4095)
    pages.browser.press('0')
    pages.browser.press('k')
    pages.browser.drag((x, y), (x, y + 40))
    assert (shown_greys(pages), shown_greys(pages, 1)) == (greys(LEVELS, 1700), greys(LEVELS))  # no longer linked


@pytest.mark.parametrize('scale', [
    DisplayScale(4095, 1500, 2000, 'SIGMOID', low=0, high=4095),
    DisplayScale(4095, table=np.minimum(255, np.arange(4096) // 10).astype(np.uint8), low=0, high=4095),
    DisplayScale(4095, 1500, 2000, low=4095, high=0, has_padding=True),
])  # fmt: skip
def test_curves_and_tables_are_shown_as_python_does(scale, pages, tmp_path):
    pages.open(page_of(tmp_path, flat_view('L-CC', scale=scale)))
    assert shown_greys(pages) == scale.greys()[list(LEVELS)].tolist()


def test_8_bit_planes_are_shown_as_they_are(pages, tmp_path):
    pixels = (patches() // 16).astype(np.uint8)
    pages.open(page_of(tmp_path, flat_view('R-CC', pixels, scale=None)))
    assert shown_greys(pages) == [level // 16 for level in LEVELS]


def test_breasts_hang_chest_wall_to_chest_wall_with_marks_at_the_axilla(pages, tmp_path):
    pages.open(page_of(tmp_path, *map(flat_view, reversed(VIEWS))))
    names = pages.act("[...document.querySelectorAll('.view')].map((view) => view.getAttribute('aria-label'))")
    assert names == ['R-CC FFDM', 'L-CC FFDM', 'R-MLO FFDM', 'L-MLO FFDM']
    right_cc, left_cc, right_mlo, left_mlo = rects(pages, '.scene')
    stage = rects(pages, '.stage')
    for right, left in ((right_cc, left_cc), (right_mlo, left_mlo)):
        assert right['right'] == pytest.approx(left['left'], abs=1) == pytest.approx(stage[0]['right'], abs=1)
    assert right_cc['bottom'] <= right_mlo['top']
    marks = rects(pages, '.view-mark')
    for place, mark, name in zip(stage, marks, names, strict=True):
        outer = mark['left'] - place['left'] if name[0] == 'R' else place['right'] - mark['right']
        assert 0 <= outer < 20 and 0 <= mark['top'] - place['top'] < 20
    # The brightest columns are at the chest wall, the air is outside.
    picture = pages.browser.picture()
    row = round(right_cc['top'] + 0.75 * right_cc['height'])
    wall = round(right_cc['right'])
    assert (picture[row, [wall - 10, wall + 10]] > 200).all()
    assert (picture[row, [round(right_cc['left']) + 3, round(left_cc['right']) - 4]] == 0).all()


def test_images_have_their_true_relative_size(pages, tmp_path):
    fine = flat_view('L-CC', np.zeros((600, 360), np.uint16), spacing_mm=(0.05, 0.05))
    pages.open(page_of(tmp_path, flat_view('R-CC'), fine, flat_view('L-MLO', spacing_mm=(0.05, 0.1))))
    right, left, other = rects(pages, '.scene')
    assert (right['width'], right['height']) == pytest.approx((left['width'], left['height']), abs=0.5)
    assert (other['width'], other['height']) == pytest.approx((right['width'], right['height'] / 2), abs=0.5)
    assert pages.act("document.getElementById('scale-text').textContent") == 'true relative size'
    pages.open(page_of(tmp_path, flat_view('R-CC', spacing_mm=None)))
    assert 'spacing unknown' in pages.act("document.getElementById('scale-text').textContent")


def test_zoom_and_move_are_mirrored_on_the_other_side(pages, tmp_path):
    pages.open(page_of(tmp_path, *map(flat_view, VIEWS)))
    x, y = on_image(pages, 100, 150)
    pages.browser.mouse('mouseWheel', x, y, deltaX=0, deltaY=-300, modifiers=2)
    pages.act()
    assert on_image(pages, 100, 150) == pytest.approx((x, y), abs=1.5)  # what the pointer is on stays there
    x, y = on_image(pages, 100, 150)
    pages.browser.press('h')
    pages.browser.drag((x, y), (x + 30, y + 10))
    right, left = rects(pages, '.scene')[:2]
    assert right['width'] == pytest.approx(left['width'], abs=0.1) and right['top'] == pytest.approx(
        left['top'], abs=0.1
    )
    meeting = rects(pages, '.stage')[0]['right']
    assert right['right'] - meeting == pytest.approx(meeting - left['left'], abs=0.1)
    assert on_image(pages, 100, 150) == pytest.approx((x + 30, y + 10), abs=0.5)
    pages.browser.press('0')
    assert rects(pages, '.scene')[0]['right'] == pytest.approx(meeting, abs=0.5)


def test_slices_go_by_wheel_keys_and_slider(pages, tmp_path):
    pages.open(page_of(tmp_path, volume()))
    assert slice_number(pages) == 'slice 15 (0 to 19)'  # that of the best finding
    x, y = middle(pages)
    pages.browser.mouse('mouseWheel', x, y, deltaX=0, deltaY=100)
    assert slice_number(pages) == 'slice 16 (0 to 19)'
    for key, expected in (('Home', 0), ('ArrowUp', 1), ('PageUp', 6), ('ArrowLeft', 5), ('End', 19)):
        pages.browser.press(key)
        assert slice_number(pages) == f'slice {expected} (0 to 19)'
        assert grey_at(pages, 20, 50, (40, 60)) == round(255 * 90 * expected / 2000)


def test_slab_shows_the_brightest_of_its_slices(pages, tmp_path):
    pages.open(page_of(tmp_path, volume()))
    change(pages, 'slab', 5)
    assert slice_number(pages) == 'slice 15 (0 to 19), brightest of 5 slices, 10.0 mm'
    assert grey_at(pages, 20, 50, (40, 60)) == round(255 * 1530 / 2000)
    change(pages, 'slab-unit', 'mm')  # 5 mm are 2.5 slices of 2 mm
    assert 'brightest of 3 slices, 6.0 mm' in slice_number(pages) and grey_at(pages, 20, 50, (40, 60)) == round(
        255 * 1440 / 2000
    )
    pages.open(page_of(tmp_path, volume(slice_spacing_mm=None)))
    change(pages, 'slab', 5)
    change(pages, 'slab-unit', 'mm')
    assert slice_number(pages) == 'slice 15 (0 to 19)'  # mm mean nothing here


def test_cine_runs_and_stops(pages, tmp_path):
    pages.open(page_of(tmp_path, volume(predictions=[], truth=[])))
    change(pages, 'speed', 30)
    before = slice_number(pages)
    pages.browser.press(' ')
    pages.browser.wait(f"document.querySelector('.slice-number').textContent !== '{before}'")
    pages.browser.press(' ')
    pages.act()
    stopped = slice_number(pages)
    pages.act('new Promise((done) => setTimeout(done, 150))')
    assert slice_number(pages) == stopped


def test_mark_jumps_to_its_slice(pages, tmp_path):
    pages.open(page_of(tmp_path, volume()))
    for expected in (3, 6, 15):
        pages.browser.press('j')  # from the last slice on from the front
        assert slice_number(pages) == f'slice {expected} (0 to 19)'
    pages.act("document.querySelector('.jumps button').click()")
    assert slice_number(pages) == 'slice 6 (0 to 19)'
    pages.browser.click(*on_image(pages, 17, 35, (40, 60)))
    assert slice_number(pages) == 'slice 3 (0 to 19)'
    assert pages.act("document.querySelector('.findings tr.chosen button').textContent") == 'Finding 2'


def test_lesion_lights_up_in_all_views_of_its_breast(pages, tmp_path):
    breast = [volume('L-CC'), volume('L-MLO')]
    other = ReportCase('P1 / S1 / R', '', [volume('R-CC')], patient='P1', study='S1')
    pages.open(page_of(tmp_path, *breast, cases=[other]))
    pages.browser.press('Home')
    x, y = on_image(pages, 6, 15, (40, 60), panel=1)
    pages.browser.mouse('mouseMoved', x, y)
    lit = "[...document.querySelectorAll('.box.lit')].map((one) => one.closest('.view').getAttribute('aria-label'))"
    assert pages.act(lit) == ['L-CC DBT', 'L-MLO DBT']
    pages.browser.mouse('mouseMoved', *on_image(pages, 35, 5, (40, 60), panel=1))
    assert pages.act(lit) == []
    pages.act("document.querySelectorAll('.findings button')[0].focus({ preventScroll: true })")
    assert pages.act('document.querySelectorAll(".box.lit").length') > 0


def test_one_key_hides_all_marks(pages, tmp_path):
    pages.open(page_of(tmp_path, volume()))
    assert rects(pages, '.box')[0]['width'] > 0
    pages.browser.press('m')
    assert [rect['width'] for rect in rects(pages, '.box')] == [0, 0]
    assert 'marks hidden' in pages.act("document.querySelector('canvas').getAttribute('aria-label')")
    pages.browser.press('m')
    assert rects(pages, '.box')[0]['width'] > 0


@pytest.mark.parametrize(('spacing', 'expected'), [((0.2, 0.1), '26.8 mm'), (None, '170 pixels, spacing unknown')])
def test_ruler_is_in_mm_only_where_spacing_is_known(spacing, expected, pages, tmp_path):
    pages.open(page_of(tmp_path, flat_view('L-CC', spacing_mm=spacing)))
    pages.browser.press('r')
    pages.browser.drag(on_image(pages, 20, 100), on_image(pages, 140, 220))  # 120 pixels across and down
    label = pages.act("document.querySelector('.measure-label').textContent")
    number, unit = label.split(' ', 1)
    assert unit == expected.split(' ', 1)[1]
    assert float(number) == pytest.approx(float(expected.split()[0]), rel=0.01)
    pages.browser.press('Escape')
    assert pages.act("document.querySelector('.measure-label').hidden")


def test_loupe_enlarges_what_is_under_the_pointer(pages, tmp_path):
    pages.open(page_of(tmp_path, *map(flat_view, VIEWS)))
    pages.browser.press('l')
    x, y = on_image(pages, 100, 125, panel=1)  # in the middle of a band
    pages.browser.mouse('mouseMoved', x, y)
    pages.act()
    picture = pages.browser.picture()
    height = rects(pages, '.scene')[1]['height'] / 6
    beyond = round(y + 0.8 * height)  # of the next band, which the loupe moves away
    assert picture[beyond, round(x), 0] == greys(LEVELS)[2]
    mirrored = round(2 * rects(pages, '.stage')[0]['right'] - x)
    assert picture[beyond, mirrored, 0] == greys(LEVELS)[2]  # and in the other breast at the same place
    pages.browser.press('l')
    pages.act()
    assert pages.browser.picture()[beyond, round(x), 0] == greys(LEVELS)[3]


def test_images_of_one_view_share_a_place(pages, tmp_path):
    pages.open(page_of(tmp_path, flat_view('R-CC'), flat_view('L-CC'), volume('L-CC')))
    shown = "[...document.querySelectorAll('.view:not([hidden])')].map((view) => view.getAttribute('aria-label'))"
    assert pages.act(shown) == ['R-CC FFDM', 'L-CC FFDM']
    pages.browser.press('v')
    assert pages.act(shown) == ['R-CC FFDM', 'L-CC DBT']
    pages.act("document.querySelector('.view:not([hidden]) .switch:not([hidden]) button').click()")
    assert pages.act(shown) == ['R-CC FFDM', 'L-CC FFDM']


def test_other_study_of_the_patient_hangs_beside(pages, tmp_path):
    other = ReportCase('P1 / S0', '', [flat_view(name) for name in VIEWS], patient='P1', study='S0')
    stranger = ReportCase('P2 / S1', '', [flat_view('L-CC')], patient='P2', study='S1')
    pages.open(page_of(tmp_path, *map(flat_view, VIEWS), cases=[other, stranger]))
    labels = "[...document.querySelectorAll('.hanging')].map((one) => one.getAttribute('aria-label'))"
    assert pages.act(labels) == ['Study P1 / S1']
    pages.browser.press('b')
    assert pages.act(labels) == ['Study P1 / S1', 'Study P1 / S0']
    scenes = rects(pages, '.scene')
    assert len({round(scene['width']) for scene in scenes}) == 1 and scenes[0]['right'] < scenes[4]['left']
    pages.browser.press('b')
    assert pages.act(labels) == ['Study P1 / S1']
    pages.browser.press('n')
    pages.browser.press('n')
    assert pages.act(labels) == ['Study P2 / S1'] and pages.act("document.querySelector('.of-others').hidden")


def test_earlier_studies_are_named_by_how_long_ago_they_were(pages, tmp_path):
    earlier = [
        ReportCase(f'P1 / E{days}', 'earlier', [flat_view('L-CC')], patient='P1', study=f'E{days}', days_earlier=days)
        for days in (1, 400)
    ]
    pages.open(page_of(tmp_path, *map(flat_view, VIEWS), cases=earlier))
    options = "[...document.querySelectorAll('#beside option')].map((one) => one.textContent)"
    assert pages.act(options) == ['none', '1 day earlier', '400 days earlier']
    pages.browser.press('b')
    title = "document.getElementById('case-title').textContent"
    assert pages.act(title).endswith('beside it: 1 day earlier')
    pages.browser.press('n')
    assert pages.act(title).startswith('P1 / E1 (1 day earlier)')
    assert pages.act(options) == ['none', 'S1', '400 days earlier']


def test_one_view_takes_all_the_room_and_gives_it_back(pages, tmp_path):
    pages.open(page_of(tmp_path, *map(flat_view, VIEWS)))
    before = rects(pages, '.scene')
    pages.act("document.querySelectorAll('.view')[2].focus({ preventScroll: true })")
    pages.browser.press('o')
    alone = rects(pages, '.scene')
    assert [rect['width'] > 0 for rect in alone] == [False, False, True, False]
    assert alone[2]['height'] > 1.5 * before[2]['height']
    pages.browser.press('o')
    assert rects(pages, '.scene') == before


def test_help_lists_every_key_and_buttons_name_theirs(pages, tmp_path):
    pages.open(page_of(tmp_path, flat_view('L-CC')))
    pages.browser.press('?')
    assert pages.act("document.getElementById('help').open")
    listed = pages.act("[...document.querySelectorAll('#keys tr')].map((row) => row.lastChild.textContent)")
    assert listed == pages.act('actions.map((action) => action.does)') and len(listed) > 20
    documented = re.findall(r'^\| `(.+?)` \| (.+) \|$', DOCUMENTATION.read_text(), flags=re.MULTILINE)
    shown = pages.act('actions.map((action) => [action.shows, action.does])')
    assert [list(row) for row in documented[: len(shown)]] == shown
    keys = pages.act('actions.flatMap((action) => action.press)')
    assert len(keys) == len(set(keys))
    pages.browser.press('?')
    assert not pages.act("document.getElementById('help').open")
    unnamed = "[...document.querySelectorAll('button, input, select, canvas, [role=group]')].filter((one) => "
    unnamed += '!(one.textContent.trim() || one.ariaLabel || one.labels?.length || one.title)).length'
    assert pages.act(unnamed) == 0


def test_frames_are_unpacked_when_needed_and_forgotten(pages, tmp_path):
    pages.open(page_of(tmp_path, volume()))
    assert pages.act('planeCache.held.size') <= 4  # the slice and its neighbours
    pages.act('planeCache.limit = 6 * (4 / 3) * 2 * 40 * 60')
    for _ in range(12):
        pages.browser.press('ArrowLeft')
        pages.act()
    assert pages.act('planeCache.held.size') <= 6 and pages.act('planeCache.bytes <= planeCache.limit')
    assert grey_at(pages, 20, 50, (40, 60)) == round(255 * 270 / 2000)


def test_reduced_frames_lie_where_the_whole_ones_would(pages, tmp_path):
    plane = patches(300, 181)
    small = plane[::4, ::4][:75]
    case = flat_view('R-CC', small, stored_size=(181, 300), reduction=4)
    pages.open(page_of(tmp_path, case))
    box = pages.act("JSON.parse(document.getElementById('report-data').textContent).cases[0].views[0].planes.box")
    assert box == [181 - 4 * 46, 0, 181, 300]  # the column that only partly is one lies at the nipple's side
    assert shown_greys(pages) == greys(LEVELS)
