"""Which findings a breast holds and where."""

import numpy as np
import pytest

from mammo_plugins.datasets.phantom.findings import BENIGN_SHAPES, MALIGNANT_SHAPES, sample_findings
from mammo_plugins.datasets.phantom.settings import FindingSettings


@pytest.fixture(scope='module')
def many(anatomy, views):
    rng = np.random.default_rng(0)
    return [
        sample_findings(rng, anatomy, list(views.values()), [True, False], FindingSettings(), 'P-L') for _ in range(25)
    ]


def test_shapes_follow_malignancy(many):
    for malignant, benign in many:
        assert malignant.malignant
        assert malignant.shape in MALIGNANT_SHAPES
        assert not benign.malignant
        assert benign.shape in BENIGN_SHAPES


def test_ids_are_unique_in_a_breast(many):
    assert all([finding.finding_id for finding in pair] == ['P-L-1', 'P-L-2'] for pair in many)


def test_findings_lie_inside_of_both_views_clear_of_skin_and_muscle(many, views):
    for view in views.values():
        for finding in (finding for pair in many for finding in pair):
            x_mm, r_mm, z_mm = view.to_view_mm(np.array([finding.centre]))[0]
            row, column = (int(value) for value in view.to_pixels(x_mm, r_mm))
            assert view.skin_distance_mm[row, column] > finding.radius_mm
            assert view.half_thickness_mm[row, column] > abs(z_mm)
            assert view.pectoral_mm[row, column] < 0


def test_findings_of_a_breast_keep_apart(many, anatomy):
    for first, second in many:
        gap_mm = np.linalg.norm(np.subtract(first.centre, second.centre)) * anatomy.half_width_mm
        assert gap_mm > first.radius_mm + second.radius_mm


def test_shares_of_0_are_never_drawn(anatomy, views):
    settings = FindingSettings(malignant_types=(0, 0, 0, 1), benign_types=(0, 1, 0))
    findings = sample_findings(
        np.random.default_rng(1), anatomy, list(views.values()), [True, False] * 5, settings, 'P'
    )
    assert {finding.shape.kind for finding in findings if finding.malignant} == {'distortion'}
    assert {finding.shape.kind for finding in findings if not finding.malignant} == {'calcification'}
