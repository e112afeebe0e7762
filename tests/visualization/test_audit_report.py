from __future__ import annotations

import html.parser
import re

import numpy as np
import pytest

from mammo_plugins.visualization.audit_content import (
    AuditPage,
    PageBox,
    PageCheck,
    PageFinding,
    PagePicture,
    PageTable,
)
from mammo_plugins.visualization.audit_report import write_audit_report

GREY = np.full((60, 40), 128, np.uint8)


def make_page(**changes):
    checks = [
        PageCheck('Quiet <check>', 'Never shown.'),
        PageCheck('Spacing', 'Note it.', [PageFinding('note', 'image 3', 'odd')]),
        PageCheck('Blind', 'Never shown.', status='not looked at'),
        PageCheck(
            'Slices', 'Fix <them>.', [PageFinding('error', 'image 1', 'a < b'), PageFinding('note', 'image 2', 'c')]
        ),
    ]
    boxes = [
        PageBox((10, 20, 30, 50), 'malignant', 'finding 1: "mass"'),
        PageBox((0, 0, 4, 6), 'benign', in_slice=False, flagged=True),
    ]
    pictures = [PagePicture(GREY, (40, 60), 'image 1, <P1>', 'L-CC', boxes, [PageFinding('error', '', 'a < b')])]
    tables = [PageTable('Splits', [{'Split': 'train', 'Images': '12'}], 'Images.'), PageTable('Empty', [])]
    limits = [{'Threshold': 'min_box_mm', 'Value': '1'}]
    return AuditPage(**{**dict(title='A & B', facts=['Three <facts>.'], checks=checks, tables=tables,
                               pictures=pictures, limits=limits), **changes})  # fmt: skip


@pytest.fixture(name='text')
def text_fixture(tmp_path):
    return write_audit_report(tmp_path / 'out' / 'audit.html', make_page()).read_text()


class TagBalance(html.parser.HTMLParser):
    """Fails where a closing tag does not fit."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag not in {'meta', 'link', 'img', 'input', 'br'}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_page_parses_and_needs_nothing_from_outside(text):
    parser = TagBalance()
    parser.feed(text)
    assert parser.open == []
    assert re.findall(r'https?:|//[a-z]+\.|@import|url\(\s*[^#\s)]', text) == []
    assert all(source.startswith(('#', 'data:')) for source in re.findall(r'(?:src|href)="([^"]*)"', text))


def test_text_is_escaped(text):
    for expected in ('A &amp; B', 'Three &lt;facts&gt;.', 'Quiet &lt;check&gt;', 'a &lt; b', 'image 1, &lt;P1&gt;'):
        assert expected in text
    assert '<P1>' not in text and '<check>' not in text


def test_checks_stand_worst_first_and_quiet_ones_apart(text):
    rows = re.findall(r'<tr><th scope="row"><a href="#check-(\d)">([^<]*)</a>', text)
    assert rows == [('3', 'Slices'), ('1', 'Spacing')]
    assert re.findall(r'<details id="check-(\d)"( open)?>', text) == [('3', ' open'), ('1', '')]
    assert '<h3>Nothing found</h3><ul class="quiet"><li>Quiet &lt;check&gt;</li></ul>' in text
    assert '<h3>Not looked at</h3><ul class="quiet"><li>Blind</li></ul>' in text
    assert '<strong>1</strong> error<' in text and '<strong>0</strong> warnings' in text


def test_boxes_lie_where_they_do_in_the_image(text):
    assert 'class="box malignant" style="left:25.000%;top:33.333%;width:50.000%;height:50.000%"' in text
    assert 'title="finding 1: &quot;mass&quot;"' in text
    assert 'class="box benign away flagged" style="left:0.000%;top:0.000%;width:10.000%;height:10.000%"' in text
    assert 'aspect-ratio:40/60;width:min(100%,200px)' in text


def test_empty_tables_are_left_out(text):
    assert '<h3>Splits</h3>' in text and 'Empty' not in text


def test_long_lists_are_cut_and_say_so(tmp_path):
    findings = [PageFinding('note', f'image {number}', 'odd') for number in range(1234)]
    page = make_page(checks=[PageCheck('Spacing', 'Note it.', findings)])
    text = write_audit_report(tmp_path / 'audit.html', page).read_text()
    assert 'image 99<' in text and 'image 100<' not in text
    assert '1,234 notes' in text and 'and 1,134 more, all of which are in the JSON file' in text


def test_page_without_anything_is_a_page(tmp_path):
    page = AuditPage('Nothing', [], [PageCheck('Slices', 'Fix them.')])
    text = write_audit_report(tmp_path / 'audit.html', page).read_text()
    assert '<h1>Nothing</h1>' in text and 'Contact sheet' not in text and 'id="findings"' not in text


def test_same_content_gives_the_same_bytes(text, tmp_path):
    assert write_audit_report(tmp_path / 'again.html', make_page()).read_text() == text


def test_pictures_must_be_of_8_bits():
    with pytest.raises(ValueError, match=r'picture image 1: expected \(H, W\) uint8, got \(60, 40\) float64'):
        PagePicture(GREY.astype(float), (40, 60), 'image 1')


def test_page_loads_without_script_errors(text, pages, tmp_path):
    (tmp_path / 'audit.html').write_text(text)
    assert 'data-ready="true"' in pages.browse(tmp_path / 'audit.html')
