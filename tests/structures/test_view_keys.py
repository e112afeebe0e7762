import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammo_plugins.structures import Laterality, ViewKey, ViewPosition

view_keys = st.builds(ViewKey, st.sampled_from(Laterality), st.sampled_from(ViewPosition))


@settings(deadline=None)
@given(view_keys)
def test_text_form_reads_back(key):
    assert ViewKey.parse(str(key)) == key


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('L-CC', 'L-CC'),
        ('R_MLO', 'R-MLO'),
        ('lcc', 'L-CC'),
        ('rmlo2', 'R-MLO'),
        (' L CC ', 'L-CC'),
        ('L-LM', 'L-LM'),
        ('rlmo', 'R-LMO'),
        ('lxccl1', 'L-XCCL'),
    ],
)
def test_spellings_of_releases_are_read(text, expected):
    assert str(ViewKey.parse(text)) == expected


@pytest.mark.parametrize('text', ['', 'CC', 'B-CC', 'L-', 'L-XY', 'L-CC-2', 'left cc', 'LCC2a'])
def test_unknown_view_is_quoted_with_an_example(text):
    with pytest.raises(ValueError, match=r'L-CC') as raised:
        ViewKey.parse(text)
    assert repr(text) in str(raised.value)


def test_cc_sorts_before_mlo_within_a_side():
    texts = ['R-MLO', 'L-MLO', 'R-CC', 'L-CC']
    assert [str(key) for key in sorted(map(ViewKey.parse, texts))] == ['L-CC', 'L-MLO', 'R-CC', 'R-MLO']


def test_keys_of_a_dictionary_compare_by_value():
    assert {ViewKey.parse('L-CC'): 1}[ViewKey.parse('lcc3')] == 1


def test_other_side():
    assert Laterality.LEFT.other is Laterality.RIGHT and Laterality.RIGHT.other is Laterality.LEFT


def test_craniocaudal_family():
    assert {p.value for p in ViewPosition if p.is_craniocaudal} == {'CC', 'XCCL', 'XCCM', 'FB', 'AT'}
