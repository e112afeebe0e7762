from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammo_plugins.evaluation.functional import draw_patients, froc_curve, recall_at_fp, resampled_recall_at_fp

POINTS = (0.25, 0.5, 1.0)
SCORE = st.integers(0, 8).map(lambda value: value / 8)  # few values, hence ties
FOUND = st.lists(st.one_of(SCORE, st.just(-np.inf)), min_size=1, max_size=8).map(np.asarray)
FALSE = st.lists(SCORE, max_size=12).map(lambda values: np.asarray(values, float))


def recall_by_trying_every_threshold(finding_scores, fp_scores, volumes, point):
    recalls = [0.0]
    for threshold in {*finding_scores[np.isfinite(finding_scores)], *fp_scores}:
        if np.sum(fp_scores >= threshold) / volumes <= point:
            recalls.append(np.mean(finding_scores >= threshold))
    return max(recalls)


@settings(max_examples=200, deadline=None)
@given(FOUND, FALSE, st.integers(1, 10), st.sampled_from(POINTS))
def test_recall_equals_trying_every_threshold(found, false, volumes, point):
    expected = recall_by_trying_every_threshold(found, false, volumes, point)
    assert recall_at_fp(found, false, volumes, point) == expected
    curve = froc_curve(found, false, volumes)
    assert curve.recall[curve.fp_per_volume <= point].max() == expected


@settings(max_examples=100, deadline=None)
@given(FOUND, FALSE, SCORE, st.integers(1, 10), st.sampled_from(POINTS))
def test_another_false_positive_never_raises_recall(found, false, extra, volumes, point):
    assert recall_at_fp(found, np.append(false, extra), volumes, point) <= recall_at_fp(found, false, volumes, point)


@settings(max_examples=100, deadline=None)
@given(FOUND, FALSE, st.integers(1, 10))
def test_monotone_change_of_scores_changes_no_point(found, false, volumes):
    before, after = (froc_curve(change(found), change(false), volumes) for change in (np.copy, lambda x: x**3 + x))
    np.testing.assert_array_equal(before.fp_per_volume, after.fp_per_volume)
    np.testing.assert_array_equal(before.recall, after.recall)


def test_false_positives_exactly_at_the_limit_are_allowed():
    # 10 volumes, 3 false positives: 0.3 a volume, although 0.1 * 3 is a little more than 0.3 in binary.
    assert recall_at_fp(np.asarray([0.1]), np.asarray([0.9, 0.8, 0.7]), 10, 0.3) == 1


def test_curve_starts_at_zero_and_ends_with_everything_accepted():
    curve = froc_curve(np.asarray([0.9, 0.5, -np.inf]), np.asarray([0.7, 0.7, 0.2]), 2)
    assert curve.thresholds.tolist() == [np.inf, 0.9, 0.7, 0.5, 0.2]
    assert curve.fp_per_volume.tolist() == [0, 0, 1, 1, 1.5]
    np.testing.assert_allclose(curve.recall, [0, 1 / 3, 1 / 3, 2 / 3, 2 / 3])


def test_curve_without_findings_has_no_recall():
    curve = froc_curve(np.zeros(0), np.asarray([0.5]), 2)
    assert np.isnan(curve.recall).all()
    assert curve.fp_per_volume.tolist() == [0, 0.5]
    assert np.isnan(recall_at_fp(np.zeros(0), np.asarray([0.5]), 2, 0.5))


@settings(max_examples=100, deadline=None)
@given(FOUND, FALSE, st.integers(1, 10))
def test_vertices_keep_the_step_curve(found, false, volumes):
    curve = froc_curve(found, false, volumes)
    corners = curve.vertices()
    for point in np.unique(curve.fp_per_volume):
        assert corners.recall[corners.fp_per_volume <= point].max() == curve.recall[curve.fp_per_volume <= point].max()


def copied_data_set(found, found_patient, false, false_patient, volumes, counts):
    """Findings, false positives and volumes of a data set that really holds each patient as often as drawn."""
    found_copies, false_copies = counts[found_patient], counts[false_patient]
    return np.repeat(found, found_copies), np.repeat(false, false_copies), int(counts @ volumes)


@pytest.mark.parametrize('seed', range(4))
def test_resampling_equals_copying_patients(seed):
    rng = np.random.default_rng(seed)
    patients, findings, false_positives = 7, 9, 400 if seed == 0 else 30
    found = np.where(rng.random(findings) < 0.2, -np.inf, rng.integers(0, 30, findings) / 30)
    false = rng.integers(0, 30, false_positives) / 30
    found_patient, false_patient = rng.integers(patients, size=findings), rng.integers(patients, size=false_positives)
    volumes = rng.integers(1, 5, patients)
    draws = draw_patients(patients, 50, rng)
    samples = resampled_recall_at_fp(found, found_patient, false, false_patient, volumes, draws, POINTS)
    for counts, row in zip(draws, samples):
        data = copied_data_set(found, found_patient, false, false_patient, volumes, counts)
        np.testing.assert_array_equal(row, [recall_at_fp(*data, point) for point in POINTS])
