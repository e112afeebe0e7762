import pytest

from mammo_plugins.io.image_labels import label_value
from mammo_plugins.structures.label_classes import class_numbers, class_of


def test_classes_join_values():
    assert [class_of(value, ('A/B', 'C/D')) for value in 'ABCDE'] == [0, 0, 1, 1, None]


@pytest.mark.parametrize(('label', 'values'), [('density', 'ABCD'), ('birads', '012456')])
def test_numbers_are_those_of_data_sets(label, values):
    assert [class_numbers(label, value) for value in values] == [(label_value({label: v}, label),) for v in values]
    assert class_numbers('density', 'C/D') == (3.0, 4.0)


def test_assessments_of_masses_keep_their_letter():
    numbers = [class_numbers('mass_birads', grade)[0] for grade in ('2', '3', '4A', '4B', '4C', '5')]
    assert numbers == sorted(numbers) and len(set(numbers)) == 6


def test_unknown_class_is_refused():
    with pytest.raises(ValueError, match="label density has no class 'A/X'"):
        class_numbers('density', 'A/X')
