"""The page of evidence: numbered sections, links, and nothing that comes from outside as markup."""

from __future__ import annotations

import numpy as np

from mammo_plugins.visualization.disagreement_page import Bucket, Example, ModelPanel, PlacedBox
from mammo_plugins.visualization.evidence_page import Links, Mark, PageSection, write_evidence_page
from mammo_plugins.visualization.flow_diagram import flow_svg

EVIL = '<script>alert("x")</script>'


def test_sections_are_numbered_and_linked(tmp_path):
    panel = ModelPanel('m', np.zeros((20, 10), np.uint8), [PlacedBox((1, 1, 5, 5), 'false', '0.5')])
    sections = [
        PageSection(
            'one', 'First', ['a note'], [('Table', [{'A': 'x', 'B': Links(['two']), 'C': Mark('bad', 'bad')}])]
        ),
        PageSection('two', 'Second', buckets=[Bucket('marks', 'of 3', [Example('e', [panel])])]),
    ]
    page = write_evidence_page(tmp_path / 'a.html', 'Evidence', ['top'], sections).read_text()
    assert '<h2>1 First</h2>' in page and '<h2>2 Second</h2>' in page
    assert page.count('<a href="#two">Second</a>') == 1 and '<a href="#two">2 Second</a>' in page
    assert '<span class="mark bad">bad</span>' in page and 'class="box false"' in page


def test_what_comes_from_outside_is_escaped(tmp_path):
    section = PageSection(
        'one', EVIL, [EVIL], [(EVIL, [{EVIL: EVIL, 'B': Mark(EVIL, 'good')}])],
        [(flow_svg(EVIL, [EVIL], EVIL), EVIL)], verdict=Mark(EVIL, 'bad'),
    )  # fmt: skip
    page = write_evidence_page(tmp_path / 'a.html', EVIL, [EVIL], [section]).read_text()
    assert 'alert(' in page and EVIL not in page


def test_diagram_names_everybody():
    svg = flow_svg('10 patients', ['blurred: 2', 'too small: 1'], '7 patients')
    assert 'aria-label="10 patients; excluded: blurred: 2, too small: 1; 7 patients"' in svg
    assert all(f'>{text}</text>' in svg for text in ('10 patients', 'blurred: 2', 'too small: 1', '7 patients'))
    assert 'nobody excluded' in flow_svg('3', [], '3')
