from __future__ import annotations

from dataclasses import replace

import pytest

from mammo_plugins.datasets.audit.duplicate_images import check_duplicates


@pytest.mark.parametrize(
    ('second', 'severity', 'crossed'),
    [
        (dict(patient_id='P1'), 'warning', ''),
        (dict(patient_id='P2'), 'error', ', across 2 patients'),
        (dict(patient_id='P1', split='test'), 'error', ', across 2 splits'),
        (dict(patient_id='P2', split='test'), 'error', ', across 2 patients and 2 splits'),
        (dict(patient_id='P1', split=None), 'warning', ''),
    ],
)
def test_same_pixels_are_worse_across_patients_and_splits(
    make_image, make_facts, make_pixels, brief, second, severity, crossed
):
    images = [make_image(1), make_image(2, 'L-MLO', **second), make_image(3)]
    facts = {1: make_facts(1, pixels=make_pixels('a')), 2: make_facts(2, pixels=make_pixels('a'))}
    facts[3] = make_facts(3, pixels=make_pixels('b'))
    findings = check_duplicates(images, facts)
    assert brief(findings) == [('duplicate_image', severity, (1, 2))]
    assert findings[0].reason == f'2 images have the same pixels{crossed}'


def test_copied_file_is_told_once(make_image, make_facts, make_pixels, brief):
    images = [make_image(1), replace(make_image(2), path=make_image(1).path)]
    facts = {number: make_facts(1, pixels=make_pixels('a')) for number in (1, 2)}
    assert brief(check_duplicates(images, facts)) == [('duplicate_image', 'error', (1, 2))]


def test_without_pixels_the_instance_and_the_file_tell(make_image, make_facts, brief):
    images = [make_image(1, patient_id='P'), make_image(2, 'R-CC', patient_id='P'), make_image(3), make_image(4)]
    images[3] = replace(images[3], path=images[2].path)
    facts = {1: make_facts(1), 2: make_facts(1), 3: make_facts(3, problem='broken'), 4: make_facts(4)}
    assert brief(check_duplicates(images, facts)) == [
        ('duplicate_file', 'warning', (1, 2)),
        ('duplicate_file', 'error', (3, 4)),
    ]


def test_blank_images_are_no_copies(make_image, make_facts, make_pixels):
    images = [make_image(1), make_image(2)]
    facts = {number: make_facts(number, pixels=make_pixels('0', is_blank=True)) for number in (1, 2)}
    assert check_duplicates(images, facts) == []
