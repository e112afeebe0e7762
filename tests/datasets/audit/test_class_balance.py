from __future__ import annotations

from mammo_plugins.datasets.audit import AuditThresholds
from mammo_plugins.datasets.audit.class_balance import (
    attribute_rows,
    check_class_balance,
    class_balance_rows,
    label_rows,
)
from mammo_plugins.io import FindingRecord

LIMITS = AuditThresholds()


def breasts(make_image, split, malignant, start=1):
    return [
        make_image(start + place, split=split, labels={'malignant': label, 'density': 'BC'[label]})
        for place, label in enumerate(malignant)
    ]


def test_split_without_a_class_is_a_warning(make_image):
    images = breasts(make_image, 'train', [0, 1]) + breasts(make_image, 'test', [0, 0], 3)
    found = [f for f in check_class_balance(images, LIMITS) if f.severity == 'warning']
    assert [(f.where, f.reason) for f in found] == [('test', 'none of its 2 labelled breasts is malignant')]
    all_malignant = breasts(make_image, 'train', [0, 1]) + breasts(make_image, 'test', [1], 3)
    (finding,) = [f for f in check_class_balance(all_malignant, LIMITS) if f.severity == 'warning']
    assert finding.reason == 'none of its 1 labelled breasts is non-malignant'


def test_uneven_shares_are_noted(make_image):
    images = breasts(make_image, 'train', [0, 0, 0, 1]) + breasts(make_image, 'test', [0, 1, 1, 1], 5)
    notes = [(f.severity, f.where, f.reason) for f in check_class_balance(images, LIMITS)]
    assert notes == [
        ('note', 'train', '25% of its breasts are malignant, 50% of all'),
        ('note', 'test', '75% of its breasts are malignant, 50% of all'),
    ]
    assert check_class_balance(images, AuditThresholds(max_share_difference=0.25)) == []


def test_images_without_a_split_beside_others_are_a_warning(make_image, brief):
    images = breasts(make_image, 'train', [0, 1]) + breasts(make_image, None, [1], 3)
    assert brief(check_class_balance(images, LIMITS)) == [('class_balance', 'warning', (3,))]


def test_data_without_splits_and_labels_is_fine(make_image):
    assert check_class_balance(breasts(make_image, None, [0, 1]), LIMITS) == []
    assert check_class_balance([make_image(1, labels={})], LIMITS) == []


def test_table_counts_breasts_once_whatever_their_views(make_image):
    malignant = FindingRecord(1, 'malignant', (1.0, 1.0, 5.0, 5.0))
    images = [
        make_image(1, 'L-CC', [malignant], patient_id='P'),
        make_image(2, 'L-MLO', [malignant, malignant], patient_id='P'),
        make_image(3, 'R-CC', patient_id='P'),
        make_image(4, 'R-CC', patient_id='Q', split='test', modality='SM', labels={}),
    ]
    rows = {row['Split']: row for row in class_balance_rows(images)}
    assert list(rows) == ['train', 'test', 'all']
    assert (rows['train']['Breasts'], rows['train']['Malignant'], rows['train']['Malignant boxes']) == (
        '2',
        '1 (50%)',
        '3',
    )
    assert (rows['test']['Unknown'], rows['test']['SM'], rows['all']['Patients']) == ('1', '1', '2')


def test_labels_are_counted_by_split(make_image):
    images = breasts(make_image, 'train', [0, 1, 1]) + [make_image(9, split='test', labels={})]
    assert label_rows(images, 'density', 'Density') == [
        {'Density': 'B', 'train': '1', 'test': '0'},
        {'Density': 'C', 'train': '2', 'test': '0'},
        {'Density': 'unknown', 'train': '0', 'test': '1'},
    ]
    assert label_rows(images, 'birads', 'BI-RADS') == []


def test_findings_are_counted_by_attribute_and_split(make_image):
    def marked(number, *levels):
        attributes = [{} if level is None else {'match_level': level} for level in levels]
        return [FindingRecord(number, 'benign', (1.0, 1.0, 5.0, 5.0), attributes=found) for found in attributes]

    images = [
        make_image(1, boxes=marked(1, 1, 2, 2)),
        make_image(2, boxes=marked(2, 1, None), split='test'),
        make_image(3, boxes=marked(3, [1]), split='test'),  # of a file that was edited by hand
    ]
    assert attribute_rows(images, 'match_level', 'Match level') == [
        {'Match level': '1', 'train': '1', 'test': '1'},
        {'Match level': '2', 'train': '2', 'test': '0'},
        {'Match level': '[1]', 'train': '0', 'test': '1'},
        {'Match level': 'unknown', 'train': '0', 'test': '1'},
    ]
    assert attribute_rows(images, 'type', 'Type') == []
