"""Who is in a release."""

from collections import Counter
from dataclasses import replace

import pytest

from mammo_plugins.datasets.phantom.release_plan import plan_release
from mammo_plugins.datasets.phantom.settings import FindingSettings, PhantomSettings

SHARES = (0.6, 0.15, 0.25)


def _plan(cases=40, seed=0, **finding):
    return plan_release(PhantomSettings(finding=FindingSettings(**finding)), cases, seed, SHARES)


def test_splits_hold_their_shares_of_patients():
    assert Counter(plan.split for plan in _plan()) == {'train': 24, 'validation': 6, 'test': 10}


@pytest.mark.parametrize('split', ['train', 'test'])
def test_each_split_has_the_prevalence_asked_for(split):
    breasts = [breast for plan in _plan() if plan.split == split for breast in plan.breasts]
    malignant = sum(breast.malignant for breast in breasts)
    benign_only = sum(breast.benign and not breast.malignant for breast in breasts)
    assert abs(malignant - 0.45 * len(breasts)) < 1
    assert abs(benign_only - 0.25 * len(breasts)) < 1


def test_boxes_are_withheld_from_a_share_of_the_malignant_training_breasts_only():
    plans = _plan(cases=100, unannotated_share=0.3)
    malignant = [breast for plan in plans if plan.split == 'train' for breast in plan.breasts if breast.malignant]
    assert sum(not breast.annotated for breast in malignant) == round(0.3 * len(malignant))
    others = [breast for plan in plans for breast in plan.breasts if plan.split != 'train' or not breast.malignant]
    assert all(breast.annotated for breast in others)


def test_densities_and_vendors_are_mixed():
    plans = _plan()
    assert {plan.vendor for plan in plans} == set('ABCDEF')
    assert Counter(plan.density for plan in plans)['B'] >= 12


def test_one_seed_gives_one_plan_and_another_gives_another():
    first, again, other = _plan(), _plan(), _plan(seed=1)
    assert [replace(plan, seeds=None) for plan in first] == [replace(plan, seeds=None) for plan in again]
    assert [plan.breasts for plan in first] != [plan.breasts for plan in other]


def test_patients_are_numbered_from_1():
    plans = _plan(cases=3)
    assert [plan.patient_id for plan in plans] == ['DBT-P00001', 'DBT-P00002', 'DBT-P00003']
    assert plans[0].study_id == 'DBT-S00001'


@pytest.mark.parametrize('shares', [(0.5, 0.5), (0.5, 0.5, 0.5), (1.2, -0.1, -0.1)])
def test_impossible_splits_are_refused(shares):
    with pytest.raises(ValueError, match='three numbers that sum to 1'):
        plan_release(PhantomSettings(), 4, 0, shares)


def test_no_cases_are_refused():
    with pytest.raises(ValueError, match='0 cases'):
        plan_release(PhantomSettings(), 0, 0, SHARES)
