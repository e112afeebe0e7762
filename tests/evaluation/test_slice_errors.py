from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mammo_plugins.evaluation import evaluate_detections
from mammo_plugins.io import AnnotationSet

BOX = (100, 100, 40, 40)
IMAGES = {f'p{i}/s1/lcc': 'malignant' for i in range(3)} | {'p9/s1/lcc': ''}
FINDINGS = [(f'p{i}/s1/lcc', BOX, 'malignant', 20, (15, 25)) for i in range(3)]


def with_spacing(annotations, spacing):
    images = [replace(image, slice_spacing_mm=spacing.get(image.patient_id)) for image in annotations.images]
    return AnnotationSet(images, annotations.findings, annotations.info)


@pytest.fixture
def scored(build_annotations, build_predictions):
    def score(rows, protocol='mm3d-2d', spacing=None, **options):
        annotations = with_spacing(build_annotations(IMAGES, FINDINGS), spacing or {})
        return evaluate_detections(build_predictions(rows), annotations, protocol, **options).slice_errors

    return score


def test_error_is_the_mean_over_the_best_hits(scored):
    rows = [
        ('p0/s1/lcc', BOX, 23, 0.9),  # 3 slices off
        ('p0/s1/lcc', BOX, 20, 0.8),  # a repeat, exactly right: does not count
        ('p1/s1/lcc', BOX, 12, 0.7),  # 8 slices off
        ('p9/s1/lcc', BOX, 20, 0.6),  # hits nothing
    ]
    spacing = {'p0': 1.0, 'p1': 0.5, 'p2': 1.0}
    errors = scored(rows, spacing=spacing)
    assert errors['z_error_slices'].value == pytest.approx((3 + 8) / 2)
    assert errors['z_error_mm'].value == pytest.approx((3 * 1 + 8 * 0.5) / 2)


def test_far_hits_are_no_hits_where_the_slice_is_asked_for(scored):
    rows = [('p0/s1/lcc', BOX, 23, 0.9), ('p1/s1/lcc', BOX, 12, 0.7)]
    assert scored(rows, 'mm3d')['z_error_slices'].value == 3


def test_hits_behind_more_than_one_false_positive_a_volume_do_not_count(scored):
    alarms = [('p9/s1/lcc', (500, 500 + 50 * i, 40, 40), 5, 0.8) for i in range(5)]  # 5 in 4 volumes
    rows = [('p0/s1/lcc', BOX, 22, 0.9), *alarms, ('p1/s1/lcc', BOX, 30, 0.1)]
    assert scored(rows)['z_error_slices'].value == 2
    assert scored(rows[:1] + alarms[:4] + rows[-1:])['z_error_slices'].value == 6  # (2 + 10) / 2


def test_unknown_distances_of_slices_give_a_reason(scored):
    errors = scored([('p0/s1/lcc', BOX, 23, 0.9), ('p1/s1/lcc', BOX, 20, 0.8)], spacing={'p0': 1.0})
    assert np.isnan(errors['z_error_mm'].value)
    assert errors['z_error_mm'].reason == 'the distance of slices is unknown for 1 of 2 findings'
    assert errors['z_error_slices'].value == 1.5


def test_nothing_found_gives_a_reason(scored):
    for error in scored([]).values():
        assert np.isnan(error.value) and error.reason == 'no finding with an annotated slice is found'


def test_two_d_images_have_no_slice_error(build_annotations, build_predictions):
    annotations = build_annotations(IMAGES, FINDINGS, num_slices=1, modality='FFDM')
    result = evaluate_detections(build_predictions([('p0/s1/lcc', BOX, 0, 0.9)]), annotations, 'mm3d-2d')
    assert result.slice_errors == {}


def test_interval_encloses_the_mean_and_is_that_of_drawn_patients(scored):
    rows = [(f'p{i}/s1/lcc', BOX, 20 + 2 * i, 0.9 - 0.1 * i) for i in range(3)]
    error = scored(rows, bootstrap=400)['z_error_slices']
    assert (error.value, error.low, error.high) == (2, 0, 4)
    assert 'over patients' in error.method


def test_result_says_how_many_findings_the_mean_is_over(build_annotations, build_predictions):
    rows = [('p0/s1/lcc', BOX, 23, 0.9), ('p0/s1/lcc', BOX, 20, 0.8), ('p1/s1/lcc', BOX, 12, 0.7)]
    annotations, predictions = build_annotations(IMAGES, FINDINGS), build_predictions(rows)
    found = {name: evaluate_detections(predictions, annotations, name) for name in ('mm3d-2d', 'mm3d')}
    assert {name: result.slice_error_findings for name, result in found.items()} == {'mm3d-2d': 2, 'mm3d': 1}
