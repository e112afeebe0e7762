from __future__ import annotations

import pytest

from mammo_plugins.datasets.audit import AuditThresholds, ImageFacts
from mammo_plugins.datasets.audit.header_checks import check_files, check_headers, check_spacing_range

LIMITS = AuditThresholds()


def test_unreadable_file_is_an_error_with_its_name(make_image, make_facts, brief):
    images = [make_image(1), make_image(2)]
    findings = check_files(images, {1: make_facts(1), 2: ImageFacts(problem='the file is empty')})
    assert brief(findings) == [('unreadable_file', 'error', (2,))]
    assert findings[0].reason == 'the file is empty (file 2.dcm)'


@pytest.mark.parametrize(
    ('header', 'expected'),
    [
        (dict(), []),
        (dict(rows=201), [('size_in_header', 'error', (1,))]),
        (dict(num_slices=2), [('size_in_header', 'error', (1,))]),
        (dict(modality='SM'), [('modality_in_header', 'warning', (1,))]),
        (dict(modality='SM', sop_instance_uid=''), []),  # a PNG states no modality
        (dict(spacing_mm=(0.1, 0.103)), [('spacing', 'warning', (1,))]),
        (dict(spacing_mm=(0.1, 0.101)), []),
        (dict(spacing_mm=None), []),
        (dict(manufacturer='Other'), [('manufacturer', 'note', (1,))]),
        (dict(manufacturer=''), []),
    ],
    ids=str,
)
def test_header_is_compared_with_the_record(make_image, make_facts, brief, header, expected):
    assert brief(check_headers([make_image(1)], {1: make_facts(1, **header)}, LIMITS)) == expected


def test_spacing_that_only_the_header_knows_is_noted(make_image, make_facts, brief):
    findings = check_headers([make_image(1, spacing_mm=None)], {1: make_facts(1)}, LIMITS)
    assert brief(findings) == [('spacing', 'note', (1,))]


def test_pixels_that_are_not_square_are_noted(make_image, make_facts, brief):
    image = make_image(1, spacing_mm=(0.1, 0.2))
    findings = check_headers([image], {1: make_facts(1, spacing_mm=(0.1, 0.2))}, LIMITS)
    assert brief(findings) == [('spacing', 'note', (1,))]


def test_unusual_spacing_is_noted_once_for_all_images(make_image, make_facts, brief):
    images = [make_image(number, spacing_mm=(2.0, 2.0)) for number in (1, 2)] + [make_image(3)]
    facts = {number: make_facts(number) for number in (1, 2, 3)}
    findings = check_spacing_range(images, facts, LIMITS)
    assert brief(findings) == [('spacing', 'note', (1, 2))]
    assert findings[0].reason == '2 x 2 mm in 2 of 3 images; usual are 0.03 to 0.2 mm'


def test_unreadable_header_is_not_compared(make_image):
    assert check_headers([make_image(1)], {1: ImageFacts(problem='gone')}, LIMITS) == []
