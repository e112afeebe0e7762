from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammo_plugins.datasets.annotated_image import AnnotatedImage
from mammo_plugins.datasets.patient_subset import PatientSubset
from mammo_plugins.io import FindingRecord, ImageRecord


def image(number, patient, view='L-CC', malignant=0, boxes=0, benign=0):
    record = ImageRecord(
        number, f'{number}.dcm', 100, 100, 10, patient, 's1', view, 'DBT', labels={'malignant': malignant}
    )
    findings = [FindingRecord(number, 'malignant', (1, 1, 5, 5), 3) for _ in range(boxes)]
    findings += [FindingRecord(number, 'benign', (50, 50, 5, 5), 3) for _ in range(benign)]
    return AnnotatedImage(record, tuple(findings), Path(record.file_name))


def cohort(malignant=20, normal=30, annotated=10):
    """Two views a patient; the first of the malignant ones are annotated in one of them."""
    images = []
    for index in range(malignant + normal):
        for view in ('L-CC', 'L-MLO'):
            has_box = index < annotated and view == 'L-CC'
            label = int(index < malignant)
            images.append(image(len(images), f'p{index}', view, label, boxes=int(has_box), benign=1))
    return images


def patients(images, wanted=lambda image: True):
    return {image.record.patient_id for image in images if wanted(image)}


def with_boxes(images):
    return patients(images, lambda image: image.has_malignant_finding)


def test_both_classes_keep_their_share():
    kept = PatientSubset(patient_fraction=0.4).select(cohort())
    assert len(kept) == 2 * 20
    assert len(patients(kept, lambda image: image.malignancy == 1)) == 8


@settings(max_examples=30, deadline=None)
@given(st.floats(0.05, 1), st.floats(0.05, 1), st.integers(0, 5))
def test_smaller_share_is_part_of_the_larger(first, second, seed):
    small, large = (
        patients(PatientSubset(fraction, seed=seed).select(cohort())) for fraction in sorted((first, second))
    )
    assert small <= large


def test_seed_changes_the_choice_and_other_patients_do_not():
    whole = cohort()
    zero, one = (patients(PatientSubset(0.5, seed=seed).select(whole)) for seed in (0, 1))
    assert zero != one
    malignant_only = [image for image in whole if image.malignancy == 1]
    assert patients(PatientSubset(0.5).select(malignant_only)) == zero & patients(malignant_only)


def test_only_boxes_are_dropped():
    whole = cohort()
    kept = PatientSubset(annotated_fraction=0.25).select(whole)
    assert [image.record.id for image in kept] == [image.record.id for image in whole]
    assert len(with_boxes(kept)) == 5 and with_boxes(kept) < with_boxes(whole)
    for before, after in zip(whole, kept):
        assert after.malignancy == before.malignancy
        assert [f.category for f in after.findings if f.category == 'benign'] == ['benign']


@settings(max_examples=30, deadline=None)
@given(st.floats(0.05, 0.5), st.floats(0.05, 0.5))
def test_fewer_annotations_are_part_of_more(first, second):
    few, many = (with_boxes(PatientSubset(annotated_fraction=f).select(cohort())) for f in sorted((first, second)))
    assert few <= many


def test_a_finding_implies_the_label_that_stays():
    unlabelled = [image(i, f'p{i}', boxes=1) for i in range(2)]  # as not malignant, although a finding is marked
    kept = PatientSubset(annotated_fraction=0.5).select(unlabelled)
    assert [one.malignancy for one in kept] == [1, 1]
    assert sorted(one.has_malignant_finding for one in kept) == [False, True]


def test_a_small_share_of_few_patients_is_one():
    few = cohort(malignant=4, normal=6, annotated=2)
    assert len(with_boxes(PatientSubset(annotated_fraction=0.02).select(few))) == 1
    kept = PatientSubset(patient_fraction=0.05).select(few)
    assert len(patients(kept)) == 2 and len(patients(kept, lambda image: image.malignancy == 1)) == 1


def test_more_boxes_than_there_are_cannot_be_kept():
    with pytest.raises(ValueError, match='asks for the boxes of 12 malignant patients, and 10 of 20 have any'):
        PatientSubset(annotated_fraction=0.6).select(cohort())


@pytest.mark.parametrize('arguments', [{'patient_fraction': 0}, {'patient_fraction': 1.1}, {'annotated_fraction': -1}])
def test_shares_outside_their_range_are_refused(arguments):
    with pytest.raises(ValueError, match=r'must be in \(0, 1\]'):
        PatientSubset(**arguments)
