from __future__ import annotations

import pytest

from mammo_plugins.datasets.audit import AuditThresholds, BoxFacts, ImageFacts, PixelFacts
from mammo_plugins.datasets.audit.pixel_checks import check_pixels

LIMITS = AuditThresholds()
BOX = (5, 5, 9, 9)


@pytest.mark.parametrize(
    ('pixels', 'expected'),
    [
        (PixelFacts('a', shown_range=0.8), []),
        (PixelFacts('a'), []),  # a PNG has no window
        (PixelFacts('a', is_blank=True), [('blank_image', 'error', (1,))]),
        (PixelFacts('a', breast_share=0.0), [('blank_image', 'warning', (1,))]),
        (PixelFacts('a', has_bright_background=True), [('polarity', 'warning', (1,))]),
        (PixelFacts('a', air_level=0.6, breast_level=0.5), [('polarity', 'warning', (1,))]),
        (PixelFacts('a', air_level=0.41, breast_level=0.5), [('grey_air', 'warning', (1,))]),
        (PixelFacts('a', air_level=0.39, breast_level=0.5), []),
        (PixelFacts('a', shown_range=0.04), [('shown_range', 'warning', (1,))]),
    ],
    ids=str,
)
def test_each_fault_of_an_image_is_found(make_image, brief, pixels, expected):
    assert brief(check_pixels([make_image(1)], {1: ImageFacts(pixels=pixels)}, LIMITS)) == expected


@pytest.mark.parametrize(
    ('box', 'expected'),
    [
        (BoxFacts(1.0, 2.0), []),
        (BoxFacts(0.5, 2.0), []),
        (BoxFacts(1.0, None), []),  # no slice is annotated
        (BoxFacts(0.49, 2.0), [('box_outside_breast', 'warning', (1,))]),
        (BoxFacts(0.0, 0.0), [('box_outside_breast', 'warning', (1,))]),
        (BoxFacts(1.0, 0.29), [('box_contrast', 'note', (1,))]),
    ],
    ids=str,
)
def test_each_fault_of_a_box_is_found(make_image, brief, box, expected):
    facts = {1: ImageFacts(pixels=PixelFacts('a', boxes=(BoxFacts(1.0, 9.0), box)))}
    findings = check_pixels([make_image(1, boxes=[BOX, BOX])], facts, LIMITS)
    assert brief(findings) == expected
    assert all(finding.finding_number == 11 for finding in findings)


def test_boxes_of_inverted_images_are_not_judged(make_image, brief):
    pixels = PixelFacts('a', has_bright_background=True, boxes=(BoxFacts(0.0),))
    findings = check_pixels([make_image(1, boxes=[BOX])], {1: ImageFacts(pixels=pixels)}, LIMITS)
    assert brief(findings) == [('polarity', 'warning', (1,))]


def test_images_that_were_not_decoded_are_left_alone(make_image, make_facts):
    assert check_pixels([make_image(1, boxes=[BOX])], {1: make_facts(1)}, LIMITS) == []
