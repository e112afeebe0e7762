from __future__ import annotations

from dataclasses import replace

import pytest

from mammo_plugins.evaluation import SUBGROUPS, evaluate_detections, evaluate_subgroups
from mammo_plugins.evaluation.subgroups import IMAGE_GROUPS
from mammo_plugins.io import ImageRecord

BOX, AWAY, ALARM = (100, 100, 40, 40), (500, 500, 150, 40), (800, 800, 40, 40)


@pytest.fixture(name='cohort')
def cohort_fixture(build_annotations, build_predictions):
    """p1 holds a mass and a larger distortion, p2 a mass, p3 nothing; p1 and p3 are from vendor A."""
    labels = {'p1/s1/lcc': 'malignant', 'p2/s1/lmlo': 'malignant', 'p3/s1/lcc': ''}
    findings = [
        ('p1/s1/lcc', BOX, 'malignant', 20, (15, 25)),
        ('p1/s1/lcc', AWAY, 'malignant', 20, (15, 25)),
        ('p2/s1/lmlo', BOX, 'malignant', 20, (15, 25)),
    ]
    annotations = build_annotations(labels, findings)
    annotations.images[:] = [
        replace(image, manufacturer=vendor, spacing_mm=(0.1, 0.1), labels=image.labels | {'density': density})
        for image, vendor, density in zip(annotations.images, ('A', 'B', 'A'), ('C', 'C', None))
    ]
    annotations.findings[:] = [
        replace(finding, attributes={'type': kind} | level)
        for finding, kind, level in zip(
            annotations.findings, ('mass', 'distortion', 'mass'), ({'match_level': 1}, {'match_level': 2}, {})
        )
    ]
    annotations = type(annotations)(annotations.images, annotations.findings, annotations.info)
    rows = [
        ('p1/s1/lcc', AWAY, 20, 0.9),
        ('p1/s1/lcc', BOX, 20, 0.8),
        ('p3/s1/lcc', ALARM, 20, 0.7),
        ('p2/s1/lmlo', ALARM, 20, 0.6),
    ]
    return build_predictions(rows), annotations


def counts(result):
    names = ('images', 'findings', 'findings_hit', 'false_positives', 'repeats')
    return tuple(result.counts[name] for name in names)


@pytest.mark.parametrize(
    ('by', 'expected'),
    [
        ('manufacturer', {'A': (2, 2, 2, 1, 0), 'B': (1, 1, 0, 1, 0)}),
        ('density', {'C': (2, 3, 2, 1, 0), 'unknown': (1, 0, 0, 1, 0)}),
        ('view', {'CC': (2, 2, 2, 1, 0), 'MLO': (1, 1, 0, 1, 0)}),
        ('modality', {'DBT': (3, 3, 2, 2, 0)}),
        # The box that hits the finding of the other type is neither true nor false nor a repeat.
        ('type', {'mass': (3, 2, 1, 2, 0), 'distortion': (3, 1, 1, 2, 0)}),
        ('match_level', {'1': (3, 1, 1, 2, 0), '2': (3, 1, 1, 2, 0), 'unknown': (3, 1, 0, 2, 0)}),
        ('size', {'up to 10 mm': (3, 2, 1, 2, 0), 'up to 20 mm': (3, 1, 1, 2, 0)}),
    ],
)
def test_hand_worked_groups(cohort, by, expected):
    results = evaluate_subgroups(*cohort, by)
    assert {group: counts(result) for group, result in results.items()} == expected


def test_numbers_of_a_group_of_images_are_those_of_its_images_alone(cohort):
    predictions, annotations = cohort
    alone = annotations.keep(image.manufacturer == 'A' for image in annotations.images)
    expected = evaluate_detections(predictions, alone, lenient=True)
    found = evaluate_subgroups(predictions, annotations, 'manufacturer')['A']
    assert found.as_dict()['metrics'] == expected.as_dict()['metrics']


def test_auc_of_a_kind_of_finding_leaves_breasts_with_other_kinds_out(cohort):
    """p1 scores 0.9, p3 0.7 and p2 0.6: with both malignant ones the AUC is 1/2, with p1 alone 1."""
    results = evaluate_subgroups(*cohort, 'type')
    assert (results['distortion'].breast_auc.value, results['mass'].breast_auc.value) == (1, 0.5)


def test_groups_have_intervals(cohort):
    for by in SUBGROUPS:
        for result in evaluate_subgroups(*cohort, by, bootstrap=20).values():
            number = result.numbers['R@0.5']
            assert number.has_interval or number.reason


def test_unknown_grouping_is_named(cohort):
    with pytest.raises(ValueError, match="unknown subgroup 'age': choose one of manufacturer, density"):
        evaluate_subgroups(*cohort, 'age')


def test_coco_cannot_leave_findings_out(cohort):
    with pytest.raises(ValueError, match='protocol coco cannot leave single findings out'):
        evaluate_subgroups(*cohort, 'size', 'coco')
    assert set(evaluate_subgroups(*cohort, 'view', 'coco')) == {'CC', 'MLO'}


def test_prediction_for_an_image_that_is_not_evaluated_is_refused(cohort, build_predictions):
    with pytest.raises(ValueError, match='not among the 3 evaluated'):
        evaluate_subgroups(build_predictions([('p9/s1/lcc', BOX, 20, 0.5)]), cohort[1], 'view')


def test_finding_without_spacing_has_an_unknown_size(cohort):
    predictions, annotations = cohort
    images = [replace(image, spacing_mm=None) for image in annotations.images]
    unknown = type(annotations)(images, annotations.findings, annotations.info)
    assert list(evaluate_subgroups(predictions, unknown, 'size')) == ['unknown']


def test_computed_images_are_a_group_beside_those_of_vendors():
    vendors = ImageRecord(1, 'a.dcm', 10, 10, 1, 'p', 's', 'L-CC', 'SM')
    computed = replace(vendors, computed=True)
    assert [IMAGE_GROUPS['modality'](image) for image in (vendors, computed)] == ['SM', 'SM (computed)']
