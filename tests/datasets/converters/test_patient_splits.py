import pytest

from mammo_plugins.datasets.converters.patient_splits import split_patients

PATIENTS = [f'p{number}' for number in range(100)]


def test_shares_are_met_and_nobody_is_in_two():
    splits = split_patients(PATIENTS + PATIENTS[:7], (0.7, 0.1, 0.2), seed=3)
    assert sorted(splits) == sorted(PATIENTS)
    assert [list(splits.values()).count(name) for name in ('train', 'validation', 'test')] == [70, 10, 20]


def test_order_of_the_rows_does_not_matter_but_the_seed_does():
    assert split_patients(PATIENTS, seed=1) == split_patients(reversed(PATIENTS), seed=1)
    assert split_patients(PATIENTS, seed=1) != split_patients(PATIENTS, seed=2)


def test_whole_share_takes_everyone():
    assert set(split_patients(PATIENTS, (0, 0, 1)).values()) == {'test'}


@pytest.mark.parametrize('shares', [(0.5, 0.5), (0.5, 0.6, 0.1), (1.2, -0.2, 0.0)])
def test_impossible_shares_are_refused(shares):
    with pytest.raises(ValueError, match='not three numbers that sum to 1'):
        split_patients(PATIENTS, shares)
