"""Side, projection and modifiers from the header, quirks of real files included."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom import Dataset
from pydicom.sequence import Sequence

from mammo_plugins.io.dicom_tags import DicomTags
from mammo_plugins.io.dicom_view import read_view
from tests.io.dicom_builder import code, item


def view_of(**elements):
    return read_view(DicomTags(Path('image.dcm'), item(**elements)))


def shared_laterality(side: str) -> Sequence:
    return Sequence([item(FrameAnatomySequence=Sequence([item(FrameLaterality=side)]))])


@pytest.mark.parametrize(
    ('elements', 'side', 'source'),
    [
        ({'ImageLaterality': 'R', 'Laterality': 'L'}, 'R', 'ImageLaterality'),
        ({'Laterality': 'L'}, 'L', 'Laterality'),
        ({'ImageLaterality': '', 'Laterality': 'R'}, 'R', 'Laterality'),
        ({'ImageLaterality': 'B', 'Laterality': 'R'}, 'R', 'Laterality'),
        ({'SharedFunctionalGroupsSequence': shared_laterality('L')}, 'L', 'FrameLaterality'),
        ({'ImageLaterality': 'R', 'SharedFunctionalGroupsSequence': shared_laterality('L')}, 'R', 'ImageLaterality'),
    ],
)
def test_side_comes_from_the_first_tag_that_states_one(elements, side, source):
    found = view_of(ViewPosition='CC', **elements)
    assert str(found.view) == f'{side}-CC'
    assert found.source == f'{source}, ViewPosition'


def test_side_is_never_taken_from_patient_orientation():
    found = view_of(ViewPosition='CC', PatientOrientation=['A', 'R'])
    assert found.view is None
    assert 'no side: ImageLaterality' in found.problem


def test_side_that_is_neither_left_nor_right_is_quoted():
    assert "ImageLaterality (0020,0062) is 'B'" in view_of(ImageLaterality='B', ViewPosition='CC').problem


@pytest.mark.parametrize(
    ('code_value', 'scheme', 'position'),
    [
        ('399162004', 'SCT', 'CC'), ('R-10242', 'SNM3', 'CC'),
        ('399368009', 'SCT', 'MLO'), ('R-10226', 'SRT', 'MLO'),
        ('399260004', 'SCT', 'ML'), ('R-10224', 'SRT', 'ML'),
        ('399352003', 'SCT', 'LM'), ('R-10228', 'SRT', 'LM'),
        ('399192008', 'SCT', 'XCCL'), ('399188001', 'SCT', 'SIO'),
    ],
)  # fmt: skip
def test_projection_comes_from_codes_without_view_position(code_value, scheme, position):
    found = view_of(ImageLaterality='L', ViewCodeSequence=Sequence([code(code_value, scheme, 'a view')]))
    assert str(found.view) == f'L-{position}'
    assert found.source == 'ImageLaterality, ViewCodeSequence'


def test_view_position_wins_over_the_code():
    codes = Sequence([code('399162004', 'SCT', 'cranio-caudal')])
    assert str(view_of(ImageLaterality='R', ViewPosition='MLO', ViewCodeSequence=codes).view) == 'R-MLO'


@pytest.mark.filterwarnings('ignore:Invalid value for VR CS')
@pytest.mark.parametrize(
    ('text', 'position'), [('cc', 'CC'), ('LMLO', 'MLO'), ('LM', 'LM'), ('LMO', 'LMO'), ('RCC', 'CC')]
)
def test_view_position_is_understood_in_the_ways_vendors_write_it(text, position):
    found = view_of(ImageLaterality='L', ViewPosition=text)
    assert found.view.position.value == position and found.modifiers == ()


@pytest.mark.parametrize('text', ['CCID', 'MLOID'])
def test_implant_displaced_suffix_becomes_a_modifier(text):
    found = view_of(ImageLaterality='L', ViewPosition=text)
    assert str(found.view) == f'L-{text[:-2]}'
    assert found.modifiers == ('implant displaced',)


def test_text_that_is_no_view_wins_over_a_code_left_at_its_default():
    codes = Sequence([code('R-10242', 'SNM3', 'cranio-caudal')])
    found = view_of(ImageLaterality='R', ViewPosition='FLATFIELD', ViewCodeSequence=codes)
    assert found.view is None
    assert found.problem == "ViewPosition (0018,5101) 'FLATFIELD' is not a known view"


@pytest.mark.parametrize('sequence', [Sequence([]), None])
def test_empty_view_code_sequence_gives_a_reason(sequence):
    elements = {} if sequence is None else {'ViewCodeSequence': sequence}
    found = view_of(ImageLaterality='L', **elements)
    assert found.view is None and 'absent or empty' in found.problem


def test_view_code_item_without_a_code_gives_a_reason():
    found = view_of(ImageLaterality='L', ViewCodeSequence=Sequence([Dataset()]))
    assert found.view is None and 'absent or empty' in found.problem


def test_unknown_view_code_is_quoted():
    codes = Sequence([code('127457009', 'SCT', 'tissue specimen')])
    assert 'no known view code: 127457009' in view_of(ImageLaterality='L', ViewCodeSequence=codes).problem


def test_both_reasons_are_given_where_side_and_projection_are_missing():
    problem = view_of().problem
    assert 'no side' in problem and 'no projection' in problem


@pytest.mark.parametrize(
    ('code_value', 'modifier'),
    [
        ('399209000', 'implant displaced'), ('399163009', 'magnification'), ('399055006', 'spot compression'),
        ('R-102D7', 'spot compression'), ('441752004', '441752004'),
    ],
)  # fmt: skip
def test_modifiers_nested_in_the_view_item_are_named(code_value, modifier):
    nested = Sequence([code(code_value, 'SCT', 'a modifier')])
    codes = Sequence([code('399162004', 'SCT', 'cranio-caudal', ViewModifierCodeSequence=nested)])
    found = view_of(ImageLaterality='L', ViewPosition='CC', ViewCodeSequence=codes)
    assert found.modifiers == (modifier,)


@pytest.mark.parametrize(
    ('elements', 'view', 'source'),
    [
        ({'Laterality': 'L', 'PatientOrientation': 'CC'}, 'L-CC', 'Laterality, PatientOrientation'),
        ({'SeriesDescription': 'L CC'}, 'L-CC', 'SeriesDescription, SeriesDescription'),
        ({'SeriesDescription': 'RMLO C-View'}, 'R-MLO', 'SeriesDescription, SeriesDescription'),
        ({'SeriesDescription': 'Right breast XCCL', 'ViewPosition': 'CC'}, 'R-CC', 'SeriesDescription, ViewPosition'),
        ({'ViewPosition': 'RCC'}, 'R-CC', 'ViewPosition, ViewPosition'),
    ],
    ids=str,
)
def test_view_is_found_where_some_write_it(elements, view, source):
    found = view_of(**elements)
    assert (str(found.view), found.source) == (view, source)


@pytest.mark.parametrize('text', ['L CC / R CC', 'ROUTINE MAMMO', 'FULL CC', 'LCCX'])
def test_description_of_no_or_several_views_gives_none(text):
    assert view_of(SeriesDescription=text).view is None


def test_directions_are_no_projection():
    assert view_of(ImageLaterality='L', PatientOrientation=['A', 'R']).view is None


@pytest.mark.parametrize(
    ('sides', 'view'), [(('L', 'L'), 'L-CC'), (('R', ''), 'R-CC'), (('L', 'R'), None), (('', ''), None)]
)
def test_side_of_each_frame_counts_where_all_agree(sides, view):
    frames = [item(FrameAnatomySequence=Sequence([item(FrameLaterality=side)])) for side in sides]
    found = view_of(ViewPosition='CC', PerFrameFunctionalGroupsSequence=Sequence(frames))
    assert (str(found.view) if found.view else None) == view


def test_contradictions_are_doubts():
    codes = Sequence([code('399162004', 'SCT', 'cranio-caudal')])
    found = view_of(ImageLaterality='R', Laterality='L', ViewPosition='MLO', ViewCodeSequence=codes)
    assert found.doubts == (
        'ImageLaterality says R, Laterality L', 'ViewPosition says MLO, ViewCodeSequence CC'
    )  # fmt: skip


@pytest.mark.parametrize(
    ('description', 'doubts'),
    [
        ('L MLO', ('ViewPosition says ML, SeriesDescription MLO',)),
        ('L ML', ()),
        ('L CC / R MLO', ()),
        ('screening', ()),
    ],
)
def test_projection_that_the_series_description_contradicts_is_in_doubt(description, doubts):
    found = view_of(ImageLaterality='L', ViewPosition='ML', SeriesDescription=description)
    assert (str(found.view), found.doubts) == ('L-ML', doubts)


def test_axillary_tail_as_view_position_is_a_partial_view():
    found = view_of(ImageLaterality='L', ViewPosition='AT')
    assert str(found.view) == 'L-AT' and found.doubts == ('a view of a part of the breast: axillary tail',)


@pytest.mark.parametrize(
    ('texts', 'view', 'doubts'),
    [
        (['MLO', 'ML'], None, ()), (['CC', 'CC'], 'L-CC', ()),
        (['CC', 'ID'], 'L-CC', ('ViewPosition has further values beside CC: ID',)),
    ],
)  # fmt: skip
def test_view_position_of_several_values(texts, view, doubts):
    found = view_of(ImageLaterality='L', ViewPosition=texts)
    assert (found.view and str(found.view), found.doubts) == (view, doubts)
    assert view or 'ViewPosition (0018,5101) names several views: MLO, ML' in found.problem


@pytest.mark.filterwarnings('ignore:Invalid value for VR CS')
@pytest.mark.parametrize(
    ('text', 'position', 'modifiers'),
    [
        ('MCC', 'CC', ('magnification',)),
        ('SMLO', 'MLO', ('spot compression',)),
        ('CCRL', 'CC', ('rolled lateral',)),
        ('ML', 'ML', ()),
    ],
)
def test_modifiers_written_into_the_view_position_are_named(text, position, modifiers):
    found = view_of(ImageLaterality='L', ViewPosition=text)
    assert (found.view.position.value, found.modifiers) == (position, modifiers)
