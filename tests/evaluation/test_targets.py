"""Findings of a type as those that are to be found, whether malignant or not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mammo_plugins.evaluation import choose_protocols, evaluate_detections, truth_from_annotations

BOX, AWAY = (100, 100, 40, 40), (500, 500, 40, 40)


def typed(annotations, *types):
    """The set with a type for each finding, None for none."""
    findings = [
        replace(finding, attributes={} if kind is None else {'type': kind})
        for finding, kind in zip(annotations.findings, types, strict=True)
    ]
    return type(annotations)(annotations.images, findings, annotations.info)


def score(predictions, annotations, *targets):
    (protocol,) = choose_protocols(['coco'], targets=targets or None)
    return evaluate_detections(predictions, annotations, protocol)


@pytest.fixture(name='cohort')
def cohort_fixture(build_annotations, build_predictions):
    """A benign mass, a malignant mass, and malignant calcifications, each in an image of its own; all are found."""
    images = {'p1/s1/lcc': 'benign', 'p2/s1/lcc': 'malignant', 'p3/s1/lcc': 'malignant'}
    findings = [(name, BOX, category, 20, (15, 25)) for name, category in images.items()]
    rows = [(name, BOX, 20, score) for name, score in zip(images, (0.9, 0.8, 0.7))]
    return build_predictions(rows), typed(build_annotations(images, findings), 'mass', 'mass', 'calcification')


def test_masses_are_found_whether_malignant_or_not(cohort):
    masses, malignant = score(*cohort, 'mass'), score(*cohort)
    assert masses.counts['findings'] == 2 and masses.numbers['AP50'].value == 1
    # Of malignant findings the best-scored hit is false: precision 1/2, then 2/3, at best 2/3 up to recall 1.
    assert malignant.counts['findings'] == 2 and malignant.numbers['AP50'].value == pytest.approx(2 / 3)
    assert score(*cohort, 'mass', 'calcification').counts['findings'] == 3


def test_average_precision_at_a_quarter_takes_looser_boxes(cohort, build_predictions):
    loose = build_predictions([('p1/s1/lcc', (100, 100, 40, 80), 20, 0.9), ('p2/s1/lcc', (120, 100, 40, 40), 20, 0.8)])
    numbers = score(loose, cohort[1], 'mass').numbers  # IoU 0.5 and 1/3
    assert numbers['AP25'].value == 1 and numbers['AP50'].value == pytest.approx(51 / 101)


def test_images_that_may_hide_a_mass_are_left_out(build_annotations, build_predictions):
    images = {'p1/s1/lcc': 'malignant', 'p2/s1/lcc': 'malignant', 'p3/s1/lcc': 'benign', 'p4/s1/lcc': ''}
    findings = [('p1/s1/lcc', BOX, 'malignant', 20, (15, 25)), ('p2/s1/lcc', BOX, 'malignant', 20, (15, 25))]
    annotations = typed(build_annotations(images, findings), 'mass', None)
    truth = truth_from_annotations(annotations)
    # The type of p2's finding is unknown, the benign finding of p3 is not marked; p4 is known to show nothing.
    np.testing.assert_array_equal(truth.hides_target(('mass',)), [False, True, True, False])
    np.testing.assert_array_equal(truth.hides_target(('malignant',)), [False] * 4)
    result = score(build_predictions([('p3/s1/lcc', AWAY, 20, 0.9), ('p1/s1/lcc', BOX, 20, 0.8)]), annotations, 'mass')
    assert result.numbers['AP50'].value == 1
    assert '2 images that may show a mass which nobody marked count for the AUC only' in result.notes[0]
