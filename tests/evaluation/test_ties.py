"""What rounding could decide is decided by a rule (docs/evaluation.md, "Ties and limits")."""

from __future__ import annotations

import numpy as np
import pytest

from mammo_plugins.evaluation import evaluate_detections
from mammo_plugins.evaluation.functional import expected_calibration_error

IMAGE = 'p1/s1/lcc'
MALIGNANT = (IMAGE, (100, 100, 40, 40), 'malignant', 20, (15, 25))
NOISE = [-1e-12, 0.0, 1e-12]


@pytest.mark.parametrize('noise', NOISE)
def test_overlap_at_the_limit_is_a_hit(noise, build_annotations, build_predictions):
    # 16 of 40 columns in common: 16 / (80 - 16) is 1/4.
    predicted = build_predictions([(IMAGE, (124 + noise, 100, 40, 40), 20, 0.9)])
    result = evaluate_detections(predicted, build_annotations({IMAGE: 'malignant'}, [MALIGNANT]), 'mm3d')
    assert result.numbers['R@0.25'].value == 1


@pytest.mark.parametrize('noise', NOISE)
@pytest.mark.parametrize(('protocol', 'hit'), [('dbtex', True), ('center-hit', False)])
def test_centre_at_the_radius(protocol, hit, noise, build_annotations, build_predictions):
    predicted = build_predictions([(IMAGE, (200 + noise, 100, 40, 40), 20, 0.9)])
    result = evaluate_detections(predicted, build_annotations({IMAGE: 'malignant'}, [MALIGNANT]), protocol)
    assert result.matched.is_tp.tolist() == [hit]


@pytest.mark.parametrize('noise', NOISE)
@pytest.mark.parametrize('protocol', ['mm3d', 'dbtex'])
def test_of_equally_close_findings_the_first_is_hit(protocol, noise, build_annotations, build_predictions):
    findings = [(IMAGE, (x, 100, 40, 40), 'malignant', 20, (15, 25)) for x in (100, 120)]
    predicted = build_predictions([(IMAGE, (110 + noise, 100, 40, 40), 20, 0.9)])
    result = evaluate_detections(predicted, build_annotations({IMAGE: 'malignant'}, findings), protocol)
    assert result.matched.finding_index.tolist() == [0]


def test_breasts_whose_images_have_one_mean_are_tied(build_annotations, build_predictions):
    images = {'p1/s1/lcc': 'malignant', 'p1/s1/lmlo': 'malignant', 'p2/s1/lcc': '', 'p2/s1/lmlo': ''}
    scores = dict(zip(images, (0.1, 0.7, 0.4, 0.4)))
    assert 0.1 + 0.7 < 0.4 + 0.4
    rows = [(name, (0, 0, 9, 9), 3, 0.1) for name in images]
    assert evaluate_detections(build_predictions(rows, scores), build_annotations(images)).breast_auc.value == 0.5


@pytest.mark.parametrize('num_bins', [5, 7, 10, 15])
def test_probability_at_an_edge_belongs_to_the_lower_bin(num_bins):
    edges = np.array([k / num_bins for k in range(1, num_bins)])
    # A case at each edge and one a little below: in one bin, label and gap of the two cancel but for that little.
    probabilities = np.concatenate([edges, edges - 1e-6])
    labels = np.concatenate([np.zeros(len(edges), bool), np.ones(len(edges), bool)])
    expected = np.abs(2 * edges - 1e-6 - 1).sum() / (2 * len(edges))
    assert expected_calibration_error(probabilities, labels, num_bins) == pytest.approx(expected, rel=1e-9)
