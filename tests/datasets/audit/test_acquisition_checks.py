from __future__ import annotations

import pytest

from mammo_plugins.datasets.audit import AuditThresholds
from mammo_plugins.datasets.audit.acquisition_checks import (
    check_computed,
    check_implants,
    check_intensity_states,
    check_special_views,
    check_vendor_splits,
)

LIMITS = AuditThresholds()


@pytest.mark.parametrize(
    ('changes', 'is_found'),
    [
        (dict(view_modifiers=('magnification',)), True),
        (dict(view_modifiers=('spot compression',)), True),
        (dict(view_modifiers=('rolled medial',)), False),
        (dict(magnification=1.8), True),
        (dict(magnification=1.05), False),  # contact views state the object's distance from the detector
    ],
    ids=str,
)
def test_magnification_and_spot_views_are_warnings(make_image, make_facts, brief, changes, is_found):
    found = brief(check_special_views([make_image(1)], {1: make_facts(1, **changes)}, LIMITS))
    assert found == ([('special_view', 'warning', (1,))] if is_found else [])


def test_computed_images_are_one_note(make_image, brief):
    sm = dict(modality='SM', computed=True)
    images = [make_image(1), make_image(2, **sm), make_image(3, modality='SM'), make_image(4, **sm)]
    assert brief(check_computed(images)) == [('computed', 'note', (2, 4))]
    assert check_computed(images)[0].reason.startswith('2 of 3 SM images')
    assert check_computed([images[0], images[2]]) == []


@pytest.mark.parametrize('changes', [dict(has_implant=True), dict(view_modifiers=('implant displaced',))], ids=str)
def test_implants_are_noted(make_image, make_facts, brief, changes):
    images = [make_image(1), make_image(2)]
    facts = {1: make_facts(1, **changes), 2: make_facts(2, has_implant=False)}
    assert brief(check_implants(images, facts)) == [('implant', 'note', (1,))]


def test_monochrome1_is_noted_once_a_vendor_and_modality(make_image, make_facts, brief):
    images = [make_image(1), make_image(2), make_image(3, manufacturer='Other')]
    facts = {number: make_facts(number) for number in (1, 2, 3)}
    facts[2] = make_facts(2, photometric_interpretation='MONOCHROME1')
    findings = check_intensity_states(images, facts)
    assert brief(findings) == [('monochrome1', 'note', (2,))]
    assert (findings[0].where, findings[0].reason[:6]) == ('Maker, FFDM', '1 of 2')


def test_images_of_one_vendor_with_and_without_a_window_are_a_warning(make_image, make_facts, brief):
    images = [make_image(number) for number in (1, 2, 3)]
    facts = {1: make_facts(1), 2: make_facts(2), 3: make_facts(3, voi='none')}
    findings = check_intensity_states(images, facts)
    assert brief(findings) == [('voi', 'warning', (3,))]
    assert findings[0].reason == 'shown in different ways: 2 by window (LINEAR), 1 by none'


def test_a_vendor_without_windows_and_images_with_several_are_noted(make_image, make_facts, brief):
    images = [make_image(1), make_image(2, manufacturer='Other')]
    facts = {1: make_facts(1, voi='none'), 2: make_facts(2, num_windows=3)}
    assert brief(check_intensity_states(images, facts)) == [('voi', 'note', (1,)), ('voi', 'note', (2,))]


def test_raw_images_beside_others_are_a_warning_and_alone_a_note(make_image, make_facts, brief):
    raw = dict(for_processing=True, voi='raw')
    images = [make_image(1), make_image(2), make_image(3, modality='DBT')]
    facts = {1: make_facts(1), 2: make_facts(2, **raw), 3: make_facts(3, **raw)}
    assert brief(check_intensity_states(images, facts)) == [
        ('raw_image', 'warning', (2,)),
        ('raw_image', 'note', (3,)),
    ]


def test_vendor_that_is_only_tested_on_is_noted(make_image, brief):
    images = [make_image(1), make_image(2, split='test', manufacturer='Other'), make_image(3, split='test')]
    assert brief(check_vendor_splits(images)) == [('manufacturer', 'note', (2,))]
    assert check_vendor_splits(images[1:]) == []  # a test set alone has nothing to be trained on
