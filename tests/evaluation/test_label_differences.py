"""Labels in a subgroup against all other cases: values by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mammo_plugins.evaluation import LabelKey, LabelPredictions
from mammo_plugins.evaluation.label_differences import label_subgroup_differences

MALIGNANT = ('p0', 'p1', 'p4', 'p5')


@pytest.fixture(name='case')
def case_fixture(build_annotations):
    """Four patients of density A, whose labels rank rightly, and four of density B with one of four pairs wrong."""
    names = [f'p{n}/s/lcc' for n in range(8)]
    annotations = build_annotations({name: 'malignant' if name[:2] in MALIGNANT else '' for name in names})
    for number, image in enumerate(annotations.images):
        image.labels['density'] = 'A' if number < 4 else 'B'
    probabilities = np.array([0.9, 0.8, 0.2, 0.1, 0.9, 0.3, 0.4, 0.1])
    keys = tuple(LabelKey(*name.split('/')) for name in names)
    return LabelPredictions('View', keys, {'malignant': probabilities}), annotations


def test_difference_is_that_of_the_two_aucs(case):
    found = label_subgroup_differences(*case, 'density', 'malignant', bootstrap=100)
    assert list(found) == ['A']  # of two groups, the other one is the rest
    one = found['A']
    assert (one['number'], one['first'], one['second']) == ('auc', 0.75, 1.0)
    assert one['difference'] == 0.25 and 0 <= one['low'] <= one['high'] <= 1


def test_one_group_has_no_rest(case):
    assert label_subgroup_differences(*case, 'view', 'malignant', bootstrap=10) == {}


def test_groups_of_findings_are_refused(case):
    with pytest.raises(ValueError, match="unknown subgroup 'type' of labels"):
        label_subgroup_differences(*case, 'type', 'malignant', bootstrap=10)
