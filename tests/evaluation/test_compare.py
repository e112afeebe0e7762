from __future__ import annotations

import numpy as np
import pytest

from mammo_plugins.evaluation import PROTOCOLS, compare_detections, evaluate_detections
from mammo_plugins.evaluation.compare import _exchange_statistics
from mammo_plugins.evaluation.detection_truth import truth_from_annotations
from mammo_plugins.evaluation.matching import locate_images, match_detections

BOX = (100, 100, 40, 40)


def cohort(patients=30):
    labels = {f'p{i}/s1/{view}': 'malignant' if i % 2 else '' for i in range(patients) for view in ('lcc', 'lmlo')}
    findings = [(name, BOX, 'malignant', 20, (15, 25)) for name, label in labels.items() if label]
    return labels, findings


def rows_of_model(labels, skill, seed, scale=1.0):
    """A model that sees a share of the findings and raises a false alarm in every image."""
    rng = np.random.default_rng(seed)
    rows, image_scores = [], {}
    for name, label in labels.items():
        found = label and rng.random() < skill
        alarm = float(rng.random())
        rows.append((name, (500, 500, 30, 30), 20, scale * alarm))
        if found:
            rows.append((name, BOX, 20, scale * float(0.4 + 0.6 * rng.random())))
        image_scores[name] = float(rng.random() / 2 + (0.5 if found else 0))
    return rows, image_scores


@pytest.fixture
def models(build_annotations, build_predictions):
    labels, findings = cohort()
    weak, strong = (build_predictions(*rows_of_model(labels, skill, 1)) for skill in (0.3, 0.95))
    return weak, strong, build_annotations(labels, findings)


@pytest.mark.parametrize('protocol', PROTOCOLS)
def test_numbers_are_those_of_each_model_alone(models, protocol):
    weak, strong, annotations = models
    comparison = compare_detections(weak, strong, annotations, protocol, bootstrap=50)
    first, second = (evaluate_detections(model, annotations, protocol) for model in (weak, strong))
    assert comparison.differences.keys() == first.metrics().keys()
    for name, difference in comparison.differences.items():
        assert difference.first == pytest.approx(first.metrics()[name].value, nan_ok=True)
        assert difference.second == pytest.approx(second.metrics()[name].value, nan_ok=True)
        assert difference.difference == pytest.approx(difference.second - difference.first, nan_ok=True)


def test_better_model_is_told_by_every_test(models):
    weak, strong, annotations = models
    comparison = compare_detections(weak, strong, annotations, bootstrap=400, permutations=400)
    for name in ('R@0.5', 'breast_auc'):  # R@0.25 rests on too few alarms here
        difference = comparison.differences[name]
        assert difference.low > 0 and difference.p_value < 0.02, name
        assert comparison.permutation_p_values[name] < 0.02, name


def test_model_does_not_differ_from_itself_on_another_scale(build_annotations, build_predictions):
    labels, findings = cohort()
    annotations = build_annotations(labels, findings)
    one, other = (build_predictions(*rows_of_model(labels, 0.6, 2, scale)) for scale in (1.0, 0.01))
    comparison = compare_detections(one, other, annotations, bootstrap=50, permutations=50)
    for name, difference in comparison.differences.items():
        assert (difference.difference, difference.low, difference.high, difference.p_value) == (0, 0, 0, 1), name
        assert name == 'z_error_slices' or comparison.permutation_p_values[name] == 1


def test_order_of_the_models_turns_the_sign(models):
    weak, strong, annotations = models
    forth, back = (compare_detections(*pair, annotations, bootstrap=60) for pair in ((weak, strong), (strong, weak)))
    for name, difference in forth.differences.items():
        assert difference.difference == -back.differences[name].difference
        assert (difference.low, difference.high) == pytest.approx(
            (-back.differences[name].high, -back.differences[name].low)
        )


@pytest.mark.parametrize('protocol', ['mm3d', 'dbtex', 'center-hit', 'iou-froc'])
def test_exchanging_nobody_or_everybody_gives_the_models_themselves(models, protocol):
    weak, strong, annotations = models
    truth = truth_from_annotations(annotations)
    rules = PROTOCOLS[protocol]
    matched = []
    for model in (weak, strong):
        located, image_index, _ = locate_images(model, truth)
        matched.append(match_detections(located, image_index, truth, rules))
    first, second = (evaluate_detections(model, annotations, protocol).numbers for model in (weak, strong))
    everybody = np.ones(len(truth.patients), bool)
    for name, statistic in _exchange_statistics(*matched, rules).items():
        assert statistic(~everybody) == pytest.approx((first[name].value, second[name].value)), name
        assert statistic(everybody) == pytest.approx((second[name].value, first[name].value)), name


def test_exchange_of_one_patient_against_predictions_that_are_exchanged(build_annotations, build_predictions):
    labels, findings = cohort(4)
    annotations = build_annotations(labels, findings)
    truth = truth_from_annotations(annotations)
    # One false alarm a patient and model, at the same rank in both: scores of the models may be mixed as they are.
    rows = [[(name, BOX if label and hit else (500, 500, 30, 30), 20, score)
             for (name, label), hit, score in zip(labels.items(), hits, np.linspace(0.9, 0.1, 8))]
            for hits in ([0] * 8, [1] * 8)]  # fmt: skip
    matched = []
    for found in rows:
        located, image_index, _ = locate_images(build_predictions(found), truth)
        matched.append(match_detections(located, image_index, truth, PROTOCOLS['mm3d-2d']))
    statistic = _exchange_statistics(*matched, PROTOCOLS['mm3d-2d'])['R@0.5']
    exchanged = np.array([False, True, False, False])  # p1, whose two findings the second model hits
    # The first gets p1's two hits behind p0's two alarms; the second has six alarms in front of p3's two hits.
    assert statistic(exchanged) == (0.5, 0)


def test_without_replicates_there_is_nothing_to_compare(models):
    weak, strong, annotations = models
    with pytest.raises(ValueError, match='needs patients and replicates'):
        compare_detections(weak, strong, annotations, bootstrap=0)


def test_prediction_for_another_image_is_refused_or_left_out(models, build_predictions):
    weak, _, annotations = models
    strange = build_predictions([('p99/s1/lcc', BOX, 20, 0.5)])
    with pytest.raises(ValueError, match='not among the'):
        compare_detections(weak, strange, annotations, bootstrap=10)
    differences = compare_detections(weak, strange, annotations, bootstrap=10, lenient=True).differences
    assert differences['R@0.5'].second == 0
    assert differences['z_error_slices'].reason == 'no finding with an annotated slice is found'


def test_without_findings_only_reasons_are_left(build_annotations, build_predictions):
    labels = {'p1/s1/lcc': '', 'p2/s1/lcc': ''}
    predictions = build_predictions([('p1/s1/lcc', BOX, 20, 0.5)])
    comparison = compare_detections(predictions, predictions, build_annotations(labels), bootstrap=10, permutations=10)
    assert comparison.differences['R@0.5'].reason == 'there is no annotated finding'
    assert 'breast_auc' not in comparison.differences and comparison.permutation_p_values == {}
