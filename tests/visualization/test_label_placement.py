from __future__ import annotations

from itertools import combinations

from mammo_plugins.visualization.label_placement import place_labels

FRAME = (0, 0, 100, 100)


def overlap(first, second, size):
    return abs(first[0] - second[0]) < size[0] and abs(first[1] - second[1]) < size[1]


def test_label_of_a_lone_box_stands_above_its_left_corner():
    assert place_labels([(40, 50, 60, 70)], [(12, 5)], FRAME) == [(40, 45)]


def test_labels_of_boxes_on_top_of_each_other_do_not_overlap():
    size = (12, 5)
    corners = place_labels([(40, 50, 60, 70)] * 4, [size] * 4, FRAME)
    assert not any(overlap(first, second, size) for first, second in combinations(corners, 2))


def test_labels_at_the_border_stay_inside():
    ((x, y),) = place_labels([(95, 0, 100, 4)], [(12, 5)], FRAME)
    assert 0 <= x <= 88 and 0 <= y <= 95


def test_areas_to_keep_free_are_left_free():
    assert place_labels([(40, 50, 60, 70)], [(12, 5)], FRAME, keep_free=[(30, 40, 70, 50)]) == [(40, 70)]


def test_rounding_does_not_count_as_covering():
    box = (41.98, 61.29, 57.33, 76.73)
    ((x, y),) = place_labels([box], [(10.5, 4.9)], FRAME)
    assert (x, y) == (41.98, 61.29 - 4.9)
