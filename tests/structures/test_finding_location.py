"""Where findings lie, on a breast drawn by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mammo_plugins.structures import ViewKey
from mammo_plugins.structures.breast_landmarks import ASSUMED, BreastLandmarks
from mammo_plugins.structures.finding_location import locate_points, name_quadrants

# Chest wall on the left edge, nipple 60 pixels from it at half the height.
UPRIGHT = BreastLandmarks((60.0, 50.0), (0.0, 0.0, 0.0, 100.0))


def located(view, *points, landmarks=UPRIGHT, pixel_mm=(0.5, 0.5)):
    return locate_points(np.array(points, float), landmarks, ViewKey.parse(view), pixel_mm)


@pytest.mark.parametrize(('view', 'upper', 'lower'), [('L-CC', 'outer', 'inner'), ('R-MLO', 'upper', 'lower')])
def test_parts_lie_above_and_below_the_nipple_line(view, upper, lower):
    found = located(view, (30, 20), (30, 80), (30, 50), (30, 43), (30, 57))
    assert [location.part for location in found] == [upper, lower, 'central', upper, lower]


def test_depth_is_a_third_of_the_way_from_chest_wall_to_nipple():
    found = located('L-CC', (5, 20), (19, 20), (21, 20), (39, 20), (41, 20), (70, 20), (-5, 20))
    depths = [location.depth for location in found]
    assert depths == ['posterior'] * 2 + ['middle'] * 2 + ['anterior'] * 2 + ['posterior']


def test_distance_is_in_mm_where_the_size_of_pixels_is_known():
    assert located('L-CC', (30, 10))[0].nipple_mm == pytest.approx(25.0)
    assert located('L-CC', (30, 10), pixel_mm=None)[0].nipple_mm is None


def test_upwards_is_along_an_oblique_chest_wall():
    oblique = BreastLandmarks((70.0, 60.0), (40.0, 0.0, 0.0, 80.0))
    above, below = located('L-MLO', (60, 20), (40, 90), landmarks=oblique)
    assert (above.part, below.part) == ('upper', 'lower')
    turned = BreastLandmarks((70.0, 60.0), (0.0, 80.0, 40.0, 0.0))
    assert located('L-MLO', (60, 20), landmarks=turned)[0].part == 'upper', 'whichever end of the line is named first'


def test_quadrant_needs_a_view_from_above_and_one_from_the_side():
    cc, mlo = located('L-CC', (30, 20))[0], located('L-MLO', (30, 80))[0]
    assert [location.quadrant for location in name_quadrants([cc, None, mlo]) if location] == ['lower outer'] * 2
    assert name_quadrants([cc, cc]) == [cc, cc]
    central = located('L-MLO', (30, 50))[0]
    assert name_quadrants([cc, central]) == [cc, central], 'behind the nipple there is no quadrant'


def test_words_say_everything_that_is_known_and_no_more():
    cc, mlo = name_quadrants([located('R-CC', (30, 20))[0], located('R-MLO', (30, 20))[0]])
    assert cc.words == 'right breast, upper outer quadrant, middle depth, 21 mm from the nipple'
    assert located('L-CC', (30, 20), pixel_mm=None)[0].words == 'left breast, outer part (CC), middle depth'
    assumed = BreastLandmarks((60.0, 50.0), (0.0, 0.0, 0.0, 100.0), chest_wall_source=ASSUMED)
    assert located('L-MLO', (30, 20), landmarks=assumed)[0].words.endswith('chest wall of an average breast')
    assert mlo.landmarks == 'estimated'
