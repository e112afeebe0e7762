from __future__ import annotations

import pytest

from mammo_plugins.datasets.audit import AuditThresholds
from mammo_plugins.datasets.audit.box_checks import check_box_places, check_box_sizes, check_repeated_boxes
from mammo_plugins.io import FindingRecord

LIMITS = AuditThresholds()


@pytest.mark.parametrize(
    ('box', 'how'),
    [
        ((0, 0, 100, 200), None),
        ((90, 10, 10.0000001, 10), None),  # rounding
        ((95, 10, 10, 10), 'partly outside'),
        ((10, 195, 10, 10), 'partly outside'),
        ((-1, 10, 10, 10), 'partly outside'),
        ((100, 10, 10, 10), 'altogether outside'),
        ((10, -20, 10, 10), 'altogether outside'),
    ],
)
def test_box_outside_the_image_is_an_error(make_image, box, how):
    findings = check_box_places([make_image(1, boxes=[(5, 5, 5, 5), box])])
    assert [(finding.severity, finding.finding_number) for finding in findings] == ([('error', 11)] if how else [])
    assert all(f'lies {how} the image of 100 x 200 pixels' in finding.reason for finding in findings)


@pytest.mark.parametrize(
    ('box', 'spacing_mm', 'start'),
    [
        ((5, 5, 20, 20), (0.1, 0.1), None),
        ((5, 5, 20, 9), (0.1, 0.1), 'tiny: 2 x 0.9 mm, the shorter side is below 1 mm'),
        ((5, 5, 20, 9), (0.2, 0.1), None),  # rows are 0.2 mm apart: 1.8 mm high
        ((0, 0, 50, 190), (0.6, 0.6), 'huge: 30 x 114 mm, the longer side is above 100 mm'),
        ((5, 5, 0.3, 50), None, 'tiny: 0.003 x 0.25 of the image (no spacing is known)'),
        ((5, 5, 80, 50), None, 'huge: 0.8 x 0.25 of the image (no spacing is known)'),
        ((5, 5, 60, 50), None, None),
    ],
)
def test_tiny_and_huge_boxes_are_warnings_in_mm_where_spacing_is_known(make_image, box, spacing_mm, start):
    findings = check_box_sizes([make_image(1, boxes=[box], spacing_mm=spacing_mm)], LIMITS)
    assert [finding.severity for finding in findings] == ([] if start is None else ['warning'])
    assert all(finding.reason.startswith(start) for finding in findings)


def test_size_limits_can_be_moved(make_image):
    images = [make_image(1, boxes=[(5, 5, 20, 9)])]
    assert check_box_sizes(images, AuditThresholds(min_box_mm=0.5)) == []


def test_repeated_box_is_a_warning_unless_class_or_slice_differ(make_image):
    box = (5.0, 5.0, 9.0, 9.0)
    boxes = [box, box, FindingRecord(1, 'malignant', box), FindingRecord(1, 'benign', box, slice_index=3)]
    (finding,) = check_repeated_boxes([make_image(1, boxes=boxes)])
    assert (finding.severity, finding.finding_number) == ('warning', 11)
    assert finding.reason == 'repeats box 10: benign (5, 5, 9, 9)'
