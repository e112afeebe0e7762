"""Subgroups against everything else: values by hand, and the replicates of a plain loop."""

from __future__ import annotations

import numpy as np
import pytest

from mammo_plugins.evaluation import evaluate_subgroups, subgroup_differences
from mammo_plugins.evaluation.functional import draw_patients

NUM_PATIENTS = 6


@pytest.fixture(name='case')
def case_fixture(build_annotations, build_predictions):
    """Six patients with a cancer in each view; CC is found in five, MLO in two."""
    names = [f'p{n}/s/{view}' for n in range(NUM_PATIENTS) for view in ('lcc', 'lmlo')]
    box = (100, 100, 40, 40)
    annotations = build_annotations(
        dict.fromkeys(names, 'malignant'), [(name, box, 'malignant', 20, (15, 25)) for name in names]
    )
    found = [f'p{n}/s/lcc' for n in range(5)] + [f'p{n}/s/lmlo' for n in range(2)]
    return annotations, build_predictions([(name, box, 20, 0.9) for name in found])


def test_difference_is_that_of_the_two_groups(case):
    annotations, predictions = case
    groups = evaluate_subgroups(predictions, annotations, 'view', 'mm3d')
    found = subgroup_differences(predictions, annotations, 'view', 'mm3d', bootstrap=200)
    assert list(found) == ['CC']  # of two groups, the other one is the rest
    assert (found['CC'].first, found['CC'].second) == (
        groups['MLO'].numbers['R@0.25'].value, groups['CC'].numbers['R@0.25'].value
    )  # fmt: skip
    assert found['CC'].difference == pytest.approx(5 / 6 - 2 / 6)


def test_both_sides_have_the_same_drawn_patients(case):
    annotations, predictions = case
    draws = draw_patients(NUM_PATIENTS, 200, np.random.default_rng(3))
    hits = np.array([[n < 5, n < 2] for n in range(NUM_PATIENTS)], float)
    drawn = draws @ hits / NUM_PATIENTS
    low, high = np.quantile(drawn[:, 0] - drawn[:, 1], [0.025, 0.975])
    found = subgroup_differences(predictions, annotations, 'view', 'mm3d', bootstrap=200, seed=3)['CC']
    assert (found.low, found.high) == pytest.approx((low, high))


def test_one_group_has_no_rest(case):
    annotations, predictions = case
    assert subgroup_differences(predictions, annotations, 'modality', 'mm3d', bootstrap=20) == {}


def test_groups_of_findings_are_compared_in_all_images(build_annotations, build_predictions):
    box, far = (100, 100, 40, 40), (400, 400, 40, 40)
    names = [f'p{n}/s/lcc' for n in range(4)]
    annotations = build_annotations(
        dict.fromkeys(names, 'malignant'),
        [(name, where, 'malignant', 20, (15, 25)) for name in names for where in (box, far)],
    )
    for finding in annotations.findings:
        finding.attributes['type'] = 'mass' if finding.bbox_xywh == box else 'calcification'
    predictions = build_predictions([(name, box, 20, 0.9) for name in names])
    found = subgroup_differences(predictions, annotations, 'type', 'mm3d', bootstrap=20)
    assert list(found) == ['calcification'] and found['calcification'].difference == -1


def test_protocol_that_cannot_leave_findings_out_is_refused(case):
    annotations, predictions = case
    with pytest.raises(ValueError, match='cannot leave single findings out'):
        subgroup_differences(predictions, annotations, 'size', 'coco', bootstrap=20)
