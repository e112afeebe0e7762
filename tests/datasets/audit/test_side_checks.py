from __future__ import annotations

import pytest

from mammo_plugins.datasets.audit import AuditThresholds
from mammo_plugins.datasets.audit.file_verdict import judge_file
from mammo_plugins.datasets.audit.side_checks import check_chest_wall, check_views_in_headers

LIMITS = AuditThresholds()


@pytest.mark.parametrize(
    ('header_view', 'changes', 'severity'),
    [
        ('L-CC', {}, None),
        ('R-CC', {}, 'warning'),
        ('L-MLO', {}, 'warning'),
        ('R-CC', dict(rotated_180=True), 'note'),  # BCS-DBT: the header's laterality is unreliable
        ('R-MLO', dict(rotated_180=True), 'warning'),
    ],
)
def test_view_in_the_header_is_compared(make_image, make_facts, header_view, changes, severity):
    findings = check_views_in_headers([make_image(1, 'L-CC', **changes)], {1: make_facts(1, header_view)})
    assert [finding.severity for finding in findings] == ([] if severity is None else [severity])


def test_header_without_a_view_is_noted_with_the_reason(make_image, make_facts):
    facts = {1: make_facts(1, view_problem='no side')}
    object.__setattr__(facts[1].header, 'view', None)
    (finding,) = check_views_in_headers([make_image(1)], facts)
    assert (finding.severity, finding.reason) == ('note', 'the header gives no view: no side')


@pytest.mark.parametrize(
    ('view', 'rotated', 'chest_wall', 'severity'),
    [
        ('L-CC', False, 'left', None),
        ('L-CC', False, 'right', 'warning'),
        ('R-CC', False, 'right', None),
        ('R-CC', False, 'left', 'warning'),
        ('L-CC', True, 'right', None),
        ('L-CC', True, 'left', 'warning'),
    ],
)
def test_chest_wall_is_expected_on_the_side_of_the_breast(
    make_image, make_facts, make_pixels, view, rotated, chest_wall, severity
):
    facts = {1: make_facts(1, view, pixels=make_pixels(chest_wall=chest_wall))}
    findings = check_chest_wall([make_image(1, view, rotated_180=rotated)], facts, LIMITS)
    assert [finding.severity for finding in findings] == ([] if severity is None else [severity])


@pytest.mark.parametrize(
    ('header_view', 'orientation', 'severity'),
    [
        ('L-CC', ('P', 'R'), 'note'),  # rows run to the back: the vendor stores its images mirrored
        ('L-CC', ('A', 'R'), 'warning'),
        ('R-CC', ('P', 'R'), 'warning'),  # the header speaks of another breast
    ],
)
def test_mirrored_storage_that_the_header_explains_is_a_note(
    make_image, make_facts, make_pixels, header_view, orientation, severity
):
    pixels = make_pixels(chest_wall='right')
    facts = {1: make_facts(1, header_view, pixels=pixels, patient_orientation=orientation)}
    (finding,) = check_chest_wall([make_image(1, 'L-CC')], facts, LIMITS)
    assert finding.severity == severity


@pytest.mark.parametrize('rotated', [False, True])
@pytest.mark.parametrize('chest_wall', ['left', 'right'])
@pytest.mark.parametrize('header_view', ['L-CC', 'R-CC'])
@pytest.mark.parametrize('orientation', [None, ('A', 'R'), ('P', 'R')])
def test_verdict_on_a_file_is_that_of_the_audit(
    make_image, make_facts, make_pixels, rotated, chest_wall, header_view, orientation
):
    """The record's side counts for both: in BCS-DBT that of the header is unreliable."""
    facts = make_facts(1, header_view, pixels=make_pixels(chest_wall=chest_wall), patient_orientation=orientation)
    image = make_image(1, 'L-CC', rotated_180=rotated)
    warned = [f.reason for f in check_chest_wall([image], {1: facts}, LIMITS) if f.severity == 'warning']
    assert warned == list(judge_file(facts, LIMITS, rotated, image.record.view_key).doubts)


@pytest.mark.parametrize('changes', [dict(is_blank=True), dict(has_bright_background=True)])
def test_images_with_worse_faults_are_not_judged(make_image, make_facts, make_pixels, changes):
    facts = {1: make_facts(1, pixels=make_pixels(chest_wall='right', **changes))}
    assert check_chest_wall([make_image(1)], facts, LIMITS) == []


def test_spot_views_are_not_judged(make_image, make_facts, make_pixels):
    pixels = make_pixels(chest_wall='right')
    facts = {1: make_facts(1, pixels=pixels, view_modifiers=('spot compression',))}
    assert check_chest_wall([make_image(1)], facts, LIMITS) == []
