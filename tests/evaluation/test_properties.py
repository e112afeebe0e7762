"""What must hold for any predictions, under every protocol."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammo_plugins.evaluation import PROTOCOLS, evaluate_detections

IMAGES = {f'p{p}/s{s}/{view}': '' for p in range(4) for s in (1, 2) for view in ('lcc', 'rmlo')}
IMAGES |= {'p0/s1/lcc': 'malignant', 'p1/s2/rmlo': 'malignant', 'p2/s1/lcc': 'benign'}
FINDINGS = [
    ('p0/s1/lcc', (100, 100, 40, 40), 'malignant', 20, (15, 25)),
    ('p0/s1/lcc', (120, 100, 60, 40), 'malignant', 8, None),
    ('p1/s2/rmlo', (400, 700, 40, 40), 'malignant', 20, (15, 25)),
    ('p2/s1/lcc', (400, 700, 40, 40), 'benign', 20, (15, 25)),
]
NAMES = st.sampled_from(sorted(IMAGES))
SCORES = st.integers(1, 16).map(lambda value: value / 16)
PLACES = st.tuples(st.sampled_from([100, 110, 120, 400]), st.sampled_from([100, 700]), st.just(40), st.just(40))
ROWS = st.lists(st.tuples(NAMES, PLACES, st.sampled_from([8, 20, 26]), SCORES), max_size=25, unique=True)
protocols = pytest.mark.parametrize('protocol', PROTOCOLS)


@pytest.fixture(scope='module')
def evaluate(build_annotations, build_predictions):
    annotations = build_annotations(IMAGES, FINDINGS)

    def score(rows, protocol, change=lambda predictions: predictions, **options):
        return evaluate_detections(change(build_predictions(rows)), annotations, protocol, **options)

    return score


def values(estimates):
    return {name: estimate.value for name, estimate in estimates.items()}


@protocols
@settings(max_examples=25, deadline=None)
@given(rows=ROWS, image=NAMES, score=SCORES)
def test_another_false_positive_never_raises_a_number(evaluate, protocol, rows, image, score):
    before = values(evaluate(rows, protocol).numbers)
    after = values(evaluate([*rows, (image, (900, 1500, 30, 30), 35, score)], protocol).numbers)
    for name in before:
        assert after[name] <= before[name] + 1e-12, name


@protocols
@settings(max_examples=25, deadline=None)
@given(rows=ROWS)
def test_only_the_order_of_scores_matters(evaluate, protocol, rows):
    def cubed(predictions):
        return replace(predictions, scores=predictions.scores**3)

    before, after = evaluate(rows, protocol), evaluate(rows, protocol, cubed)
    assert values(after.numbers) == values(before.numbers)
    np.testing.assert_equal(values(after.slice_errors), values(before.slice_errors))
    np.testing.assert_array_equal(after.curve.recall, before.curve.recall)


@protocols
@settings(max_examples=25, deadline=None)
@given(rows=ROWS)
def test_a_factor_on_all_scores_changes_nothing(evaluate, protocol, rows):
    def quartered(predictions):
        return replace(predictions, scores=predictions.scores / 4)

    before, after = evaluate(rows, protocol), evaluate(rows, protocol, quartered)
    np.testing.assert_equal(values(after.metrics()), values(before.metrics()))


@protocols
@settings(max_examples=25, deadline=None)
@given(rows=ROWS, random=st.randoms(use_true_random=False))
def test_the_order_of_volumes_changes_nothing(build_annotations, build_predictions, protocol, rows, random):
    # Scores without ties, since COCO takes equal ones in the order of the file.
    rows = [(name, box, index, score + 1e-4 * i) for i, (name, box, index, score) in enumerate(rows)]
    images, findings = list(IMAGES.items()), list(FINDINGS)
    before = evaluate_detections(build_predictions(rows), build_annotations(IMAGES, FINDINGS), protocol)
    for table in (images, findings, rows):
        random.shuffle(table)
    after = evaluate_detections(build_predictions(rows), build_annotations(dict(images), findings), protocol)
    assert after.counts == before.counts
    for name, value in values(before.metrics()).items():
        assert values(after.metrics())[name] == pytest.approx(value, abs=1e-12, nan_ok=True), name


@protocols
@pytest.mark.parametrize('seed', range(4))
def test_interval_holds_the_estimate(build_annotations, build_predictions, protocol, seed):
    rng = np.random.default_rng(seed)
    images = {f'p{i}/s1/lcc': 'malignant' if i % 2 else '' for i in range(60)}
    findings = [(name, (100, 100, 40, 40), 'malignant', 20, (15, 25)) for name, label in images.items() if label]
    rows = [(name, (600, 600, 40, 40), 20, rng.random()) for name in images]
    rows += [(name, (100, 100, 40, 40), 20, 0.3 + 0.7 * rng.random()) for name, *_ in findings if rng.random() < 0.7]
    result = evaluate_detections(
        build_predictions(rows), build_annotations(images, findings), protocol, bootstrap=200, seed=seed
    )
    for name, estimate in result.metrics().items():
        if not np.isnan(estimate.value):
            assert estimate.low <= estimate.value <= estimate.high, name
            assert 0 <= estimate.low and estimate.high <= 1 or name.startswith('z_error'), name
    for band in (result.curve_band, result.roc_band):
        assert (band.low <= band.high).all() and band.low.min() >= 0 and band.high.max() <= 1
