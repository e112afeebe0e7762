"""Content trees without free texts."""

from __future__ import annotations

import pytest
from pydicom import Dataset

from mammo_plugins.io.deidentify import RefusedObjectError
from mammo_plugins.io.deidentify.structured_content import clean_content

ALGORITHM, IMPRESSION, COMMENT, ROW = '111001', '111033', '121106', '111044'


def item(kind, concept='', text=None, children=(), scheme='DCM'):
    made, name = Dataset(), Dataset()
    name.CodeValue, name.CodingSchemeDesignator, name.CodeMeaning = concept, scheme, 'any'
    made.ValueType, made.RelationshipType = kind, 'CONTAINS'
    if concept:
        made.ConceptNameCodeSequence = [name]
    if text is not None:
        made.TextValue = text
    if children:
        made.ContentSequence = list(children)
    return made


def reference(*place):
    made = Dataset()
    made.RelationshipType, made.ReferencedContentItemIdentifier = 'SELECTED FROM', list(place)
    return made


def root(*children):
    return item('CONTAINER', children=children)


def test_texts_that_templates_do_without_go_at_any_depth():
    report = root(item('CONTAINER', children=[item('TEXT', IMPRESSION, 'Mary'), item('TEXT', ALGORITHM, 'detector')]))
    clean_content(report)
    (kept,) = report.ContentSequence[0].ContentSequence
    assert kept.TextValue == 'detector'


def test_a_container_without_items_has_no_sequence():
    report = root(item('CONTAINER', children=[item('TEXT', IMPRESSION, 'Mary')]))
    clean_content(report)
    assert 'ContentSequence' not in report.ContentSequence[0]


def test_dates_and_times_go_since_they_would_move_apart():
    report = root(item('DATE', '111060'), item('TIME', '111061'), item('NUM', '111012'))
    clean_content(report)
    assert [one.ValueType for one in report.ContentSequence] == ['NUM']


@pytest.mark.parametrize(('text', 'stays'), [('A', True), ('FR', True), ('Mary', False)])
def test_directions_stay_where_they_are_directions(text, stays):
    report = root(item('TEXT', ROW, text))
    if stays:
        clean_content(report)
        assert report.ContentSequence[0].TextValue == text
    else:
        with pytest.raises(RefusedObjectError, match='free text'):
            clean_content(report)


@pytest.mark.parametrize(
    'text',
    [item('TEXT', COMMENT, 'Mary'), item('TEXT', ALGORITHM, 'Mary', scheme='99SITE'), item('TEXT', '', 'Mary')],
    ids=['another concept', 'the same code of another scheme', 'no concept'],
)
def test_other_texts_are_refused(text):
    with pytest.raises(RefusedObjectError, match='free text') as error:
        clean_content(root(text))
    assert 'Mary' not in str(error.value)


def test_references_follow_items_that_move_up():
    entry = item('IMAGE', children=[item('TEXT', IMPRESSION, 'Mary'), item('NUM', '111012')])
    report = root(item('TEXT', IMPRESSION, 'Mary'), entry, item('SCOORD', '111010', children=[reference(1, 2, 2)]))
    clean_content(report)
    moved, pointing = report.ContentSequence
    assert list(pointing.ContentSequence[0].ReferencedContentItemIdentifier) == [1, 1, 1]
    assert moved.ContentSequence[0].ValueType == 'NUM'


def test_a_reference_to_what_goes_is_refused():
    with pytest.raises(RefusedObjectError, match='refers to a text'):
        clean_content(root(item('TEXT', IMPRESSION, 'Mary'), item('SCOORD', '111010', children=[reference(1, 1)])))
