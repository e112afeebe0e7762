from __future__ import annotations

from mammo_plugins.datasets.audit.label_checks import check_labels, check_lesion_ids
from mammo_plugins.io import FindingRecord

BOX = (5.0, 5.0, 9.0, 9.0)


def test_malignant_box_in_an_image_labelled_otherwise_is_a_warning(make_image, brief):
    malignant = [FindingRecord(1, 'malignant', BOX)]
    images = [
        make_image(1, boxes=malignant, labels={'malignant': 0}),
        make_image(2, boxes=malignant, labels={'malignant': 1}),
        make_image(3, boxes=malignant, labels={}),
        make_image(4, boxes=[BOX], labels={'malignant': 0}),
    ]
    assert brief(check_labels(images)) == [('labels', 'warning', (1,))]


def test_malignant_image_without_a_malignant_box_is_noted(make_image, brief):
    assert brief(check_labels([make_image(1, boxes=[BOX], labels={'malignant': 1})])) == [('labels', 'note', (1,))]


def test_lesion_in_two_breasts_is_a_warning(make_image, brief):
    def lesion(name):
        return [FindingRecord(1, 'benign', BOX, lesion_id=name)]

    images = [
        make_image(1, 'L-CC', lesion('a'), patient_id='P'),
        make_image(2, 'L-MLO', lesion('a'), patient_id='P'),
        make_image(3, 'L-CC', lesion('b'), patient_id='Q'),
        make_image(4, 'R-CC', lesion('b'), patient_id='Q'),
    ]
    findings = check_lesion_ids(images)
    assert brief(findings) == [('lesion_id', 'warning', (3, 4))]
    assert findings[0].reason == 'lies in 2 breasts: Q L, Q R'
