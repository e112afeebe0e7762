import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammo_plugins.structures import SliceBins


@st.composite
def slice_bins(draw):
    num_slices = draw(st.integers(1, 200))
    return SliceBins(num_slices, draw(st.integers(1, num_slices)))


@settings(deadline=None)
@given(slice_bins())
def test_bins_partition_the_volume_in_order(bins):
    slices = [s for b in range(bins.num_bins) for s in range(bins.first(b), bins.last(b) + 1)]
    assert slices == list(range(bins.num_slices))


@settings(deadline=None)
@given(slice_bins())
def test_bins_differ_by_at_most_one_slice(bins):
    sizes = [bins.last(b) - bins.first(b) + 1 for b in range(bins.num_bins)]
    assert min(sizes) >= 1 and max(sizes) - min(sizes) <= 1


@settings(deadline=None)
@given(slice_bins())
def test_each_slice_belongs_to_the_bin_that_holds_it(bins):
    for index in range(bins.num_slices):
        assert bins.first(bins.bin_of(index)) <= index <= bins.last(bins.bin_of(index))


@settings(deadline=None)
@given(slice_bins())
def test_middle_returns_to_its_bin(bins):
    for index in range(bins.num_bins):
        assert bins.bin_of(bins.middle(index)) == index


@settings(deadline=None)
@given(st.integers(1, 200), st.integers(1, 40))
def test_at_most_never_asks_for_more_bins_than_slices(num_slices, max_bins):
    assert SliceBins.at_most(num_slices, max_bins) == SliceBins(num_slices, min(num_slices, max_bins))


def test_seven_slices_in_three_bins():
    bins = SliceBins(7, 3)
    assert [(bins.first(b), bins.last(b), bins.middle(b)) for b in range(3)] == [(0, 1, 0), (2, 3, 2), (4, 6, 5)]
    assert [bins.bin_of(s) for s in range(7)] == [0, 0, 1, 1, 2, 2, 2]


def test_middle_of_an_even_bin_is_the_lower_one():
    assert SliceBins(4, 1).middle(0) == 1


@pytest.mark.parametrize(('num_slices', 'num_bins'), [(3, 4), (3, 0), (0, 0), (-1, 1)])
def test_impossible_partition_is_refused(num_slices, num_bins):
    with pytest.raises(ValueError, match=f'{num_bins} bins cannot partition {num_slices} slices'):
        SliceBins(num_slices, num_bins)


@pytest.mark.parametrize(
    ('method', 'index', 'message'),
    [
        ('first', 3, r'bin 3 is outside 0\.\.2'),
        ('last', -1, r'bin -1 is outside 0\.\.2'),
        ('middle', 3, r'bin 3 is outside 0\.\.2'),
        ('bin_of', 7, r'slice 7 is outside 0\.\.6'),
        ('bin_of', -1, r'slice -1 is outside 0\.\.6'),
    ],
)
def test_index_outside_is_quoted(method, index, message):
    with pytest.raises(ValueError, match=message):
        getattr(SliceBins(7, 3), method)(index)
