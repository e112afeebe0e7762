from __future__ import annotations

import numpy as np
import pytest

from mammo_plugins.apis.figures.slice_scores import _detail, representative_bins


@pytest.mark.parametrize(
    ('visible', 'peak', 'shown'),
    [
        ((6, 7), 6, [2, 6, 7, 11]),  # before, both ends, after
        ((3, 12), 8, [1, 3, 8, 12, 14]),
        ((6, 6), 9, [2, 6, 9, 11]),  # a peak outside the range is shown all the same
        ((0, 15), 4, [0, 4, 15]),  # nothing before or after
        ((0, 0), 0, [0, 8]),
    ],
)
def test_insets_show_the_peak_and_both_sides_of_the_ends_of_the_range(visible, peak, shown):
    assert representative_bins(16, visible, peak) == shown


@pytest.mark.parametrize(
    ('box', 'square'),
    [
        ((40, 60, 60, 70), (22, 37, 56)),  # 2.8 sides of the box, around its centre
        ((0, 0, 4, 4), (0, 0, 24)),  # moved into the image
        ((0, 0, 80, 80), (0, 0, 90)),  # no larger than the image
    ],
)
def test_detail_is_a_square_inside_the_image(box, square):
    assert _detail(np.array(box, float), (200, 90)) == square
