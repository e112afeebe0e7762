"""Labels as numbers, and joined over the images of a case."""

from __future__ import annotations

import math

import pytest

from mammo_plugins.io.image_labels import join_labels, label_value

NAN = math.nan


@pytest.mark.parametrize(
    ('name', 'labels', 'value'),
    [
        ('malignant', {'malignant': 1}, 1),
        ('malignant', {}, NAN),
        ('benign', {'benign': None}, NAN),
        ('abnormal', {'birads': '1'}, 0),
        ('abnormal', {'birads': '2'}, 1),
        ('abnormal', {'birads': '0'}, 1),
        ('abnormal', {'density': 'A'}, NAN),
        ('abnormal', {'birads': '1', 'malignant': 1}, 1),
        ('abnormal', {'birads': '1', 'benign': 1}, 1),
        ('abnormal', {'malignant': 0, 'benign': 0}, NAN),
        ('abnormal', {'malignant': 0, 'benign': None, 'abnormal': 0}, 0),
        ('abnormal', {'birads': '2', 'abnormal': 0}, 0),
        ('abnormal', {'birads': None, 'abnormal': True}, 1),
        ('birads', {'birads': '4B'}, 4),
        ('density', {'density': 'A'}, 1),
        ('density', {'density': 'D'}, 4),
        ('implant', {'implant': True}, 1),
        ('age', {'age': 61.5}, 61.5),
    ],
)
def test_labels_are_numbers_by_name(name, labels, value):
    assert label_value(labels, name) == pytest.approx(value, nan_ok=True)


@pytest.mark.parametrize('labels', [{}, {'birads': '1'}, {'abnormal': 0}])
def test_marked_finding_makes_an_image_abnormal_and_nothing_else(labels):
    assert label_value(labels, 'abnormal', has_findings=True) == 1
    assert label_value({'malignant': 0, **labels}, 'malignant', has_findings=True) == 0


@pytest.mark.parametrize('labels', [{'race': 'unknown'}, {'race': [1]}])
def test_text_is_no_number(labels):
    with pytest.raises(ValueError, match='label race: .* is no number'):
        label_value(labels, 'race')


@pytest.mark.parametrize(
    ('name', 'values', 'joined'),
    [
        ('malignant', [0, 1], 1),
        ('malignant', [0, 0], 0),
        ('malignant', [NAN, 1], 1),
        ('malignant', [NAN, 0], NAN),
        ('birads', [2, 4], 4),
        ('birads', [NAN, 4], NAN),
        ('birads', [NAN, 6], 6),
        ('density', [NAN, 4], 4),
        ('density', [NAN, NAN], NAN),
    ],
)
def test_case_has_the_largest_label_unless_an_unknown_one_could_be_larger(name, values, joined):
    assert join_labels(name, values) == pytest.approx(joined, nan_ok=True)
