"""Curves and tests against packages of others, on cases where the rules coincide; and one where they do not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from MLstatkit import Delong_test

from mammo_plugins.evaluation import evaluate_detections
from mammo_plugins.evaluation.functional import auc_with_delong, compare_aucs

SIDE = 64
BOXES = {1: (8, 8, 9, 9), 2: (40, 30, 9, 9)}  # label in MONAI's mask to box
IMAGES = {f'p{i}/s1/lcc': 'malignant' if i < 2 else '' for i in range(4)}
FINDINGS = [(f'p{i}/s1/lcc', box, 'malignant', 0, None) for i in range(2) for box in BOXES.values()]
SPOTS = {  # where a detection may be: exactly a finding's box, or far from both
    'first': (BOXES[1], 1), 'second': (BOXES[2], 2), 'corner': ((54, 54, 9, 9), 0), 'edge': ((8, 50, 9, 9), 0),
}  # fmt: skip
DETECTIONS = st.lists(
    st.tuples(st.sampled_from(sorted(IMAGES)), st.sampled_from(sorted(SPOTS)), st.integers(1, 64)),
    min_size=2, max_size=20, unique_by=lambda row: row[:2],
).filter(lambda rows: len({score for _, _, score in rows}) > 1)  # fmt: skip


def monai_curve(detections):
    froc = pytest.importorskip('monai.metrics.froc')
    false, true, targets = [], [], 0
    for name, label in IMAGES.items():
        mask = np.zeros((SIDE, SIDE), int)
        for number, (x, y, width, height) in BOXES.items() if label else ():
            mask[y : y + height, x : x + width] = number
        rows = [(SPOTS[spot][0], score / 64) for image, spot, score in detections if image == name]
        centres = np.array([(y + height // 2, x + width // 2) for (x, y, width, height), _ in rows], int).reshape(-1, 2)
        scores = np.array([score for _, score in rows])
        if label:
            found = froc.compute_fp_tp_probs_nd(scores, centres, mask)
            false, true, targets = [*false, *found[0]], [*true, *found[1]], targets + found[2]
        else:
            false = [*false, *scores]
    return froc.compute_froc_curve_data(np.asarray(false), np.asarray(true), targets, len(IMAGES))


def our_curve(detections, build_annotations, build_predictions):
    rows = [(name, SPOTS[spot][0], 0, score / 64) for name, spot, score in detections]
    annotations = build_annotations(IMAGES, FINDINGS, num_slices=1, modality='FFDM')
    return evaluate_detections(build_predictions(rows), annotations, 'mm3d-2d').curve


@settings(max_examples=40, deadline=None)
@given(DETECTIONS)
def test_froc_equals_that_of_monai(build_annotations, build_predictions, detections):
    false_positives, recall = monai_curve(detections)
    ours = our_curve(detections, build_annotations, build_predictions)
    # MONAI leaves the lowest of all probabilities out. That is the 0 of a finding that nothing hits; where there is
    # none, it is the threshold at which everything passes.
    expected = sorted(zip(false_positives, recall))
    np.testing.assert_allclose(np.column_stack([ours.fp_per_volume, ours.recall])[: len(expected)], expected, atol=1e-9)
    assert len(ours.recall) == len(expected) + (ours.recall[-1] == 1)


def test_froc_of_monai_lacks_the_point_at_which_every_finding_is_found(build_annotations, build_predictions):
    hits = [(f'p{i}/s1/lcc', spot, 40 + i) for i in range(2) for spot in ('first', 'second')]
    detections = [*hits[:3], ('p0/s1/lcc', 'corner', 39), (*hits[3][:2], 20)]
    false_positives, recall = monai_curve(detections)
    ours = our_curve(detections, build_annotations, build_predictions)
    assert (max(recall), ours.recall[-1]) == (0.75, 1)  # all four are found, the last one with the lowest score
    assert (max(false_positives), ours.fp_per_volume[-1]) == (0.25, 0.25)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(4, 40), st.integers(4, 40), st.sampled_from([3, 1000]))
def test_delong_equals_that_of_mlstatkit(seed, positives, negatives, levels):
    rng = np.random.default_rng(seed)
    labels = np.arange(positives + negatives) < positives
    quality = rng.random(len(labels)) + 0.5 * labels
    scores = np.round((quality + 0.3 * rng.random((2, len(labels)))) * levels)
    z, p_value, first_interval, second_interval, *aucs, info = Delong_test(labels.astype(int), *scores)
    if info['method'] != 'delong':  # the models rank alike: there it resamples
        return
    ours = compare_aucs(scores, labels)
    assert (ours.first, ours.second) == pytest.approx(aucs, abs=1e-9)
    assert ours.p_value == pytest.approx(p_value, abs=1e-9)
    for model, interval in zip(scores, (first_interval, second_interval)):
        estimate = auc_with_delong(model, labels)
        assert (estimate.low, estimate.high) == pytest.approx(interval, abs=1e-9)
