from __future__ import annotations

import pytest

from mammo_plugins.datasets.audit.view_completeness import check_missing_views


def exam(make_image, *views, **changes):
    return [make_image(number, view, patient_id='P1', **changes) for number, view in enumerate(views, start=1)]


@pytest.mark.parametrize(
    ('views', 'expected'),
    [
        (['L-CC', 'L-MLO', 'R-CC', 'R-MLO'], []),
        (['L-XCCL', 'L-ML', 'R-CC', 'R-LM'], []),
        (['L-CC', 'L-MLO', 'R-CC'], [('warning', 'no MLO or lateral view of the right breast, only R-CC')]),
        (['L-CC', 'L-MLO', 'R-MLO'], [('warning', 'no CC view of the right breast, only R-MLO')]),
        (['L-CC', 'L-MLO'], [('note', 'no image of the right breast')]),
    ],
)
def test_missing_directions_are_warnings_and_missing_breasts_notes(make_image, views, expected):
    findings = check_missing_views(exam(make_image, *views))
    assert [(finding.severity, finding.reason) for finding in findings] == expected


def test_modalities_do_not_complete_one_another(make_image):
    images = exam(make_image, 'L-CC', 'L-MLO', 'R-CC', 'R-MLO')
    images += [make_image(9, 'R-CC', patient_id='P1', modality='SM')]
    findings = check_missing_views(images)
    assert [finding.where for finding in findings] == ['P1 / S1 / SM'] * 2
