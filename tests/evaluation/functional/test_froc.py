from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammo_plugins.evaluation.functional import (
    FrocEvents,
    area_under_froc,
    draw_patients,
    interpolated_recall_at_fp,
    recall_at_fp,
    resample_numbers,
)

NEVER = -np.inf
POINTS = (0.25, 0.5, 1.0)
SCORE = st.integers(0, 8).map(lambda value: value / 8)  # few values, hence ties
FOUND = st.lists(st.one_of(SCORE, st.just(NEVER)), min_size=1, max_size=8)
FALSE = st.lists(SCORE, max_size=12)
VOLUMES = st.integers(1, 10)


def make_events(found, false, volumes, repeats=(), found_patient=None, false_patient=None):
    """Events from the score of each finding (minus infinity for missed), of false positives and of repeats."""
    found, false, repeats = (np.asarray(scores, float) for scores in (found, false, repeats))
    found_patient = np.zeros(len(found), int) if found_patient is None else found_patient
    false_patient = np.zeros(len(false), int) if false_patient is None else false_patient
    hit = np.isfinite(found)
    scores = np.concatenate([found[hit], repeats, false])
    kind = np.repeat([0, 1, 2], [hit.sum(), len(repeats), len(false)])
    patient = np.concatenate([found_patient[hit], np.zeros(len(repeats), int), false_patient])
    order = np.argsort(-scores, kind='stable')
    return FrocEvents(
        scores[order], (kind == 0)[order], (kind <= 1)[order], (kind == 2)[order], patient[order], found_patient,
        np.atleast_1d(volumes),
    )  # fmt: skip


def recall(found, false, volumes, point):
    return recall_at_fp(make_events(found, false, volumes).curve(), point)


def recall_by_trying_every_threshold(found, false, volumes, point):
    found, recalls = np.asarray(found), [0.0]
    for threshold in {*found[np.isfinite(found)], *false}:
        if np.sum(np.asarray(false) >= threshold) / volumes <= point:
            recalls.append(np.mean(found >= threshold))
    return max(recalls)


@settings(max_examples=200, deadline=None)
@given(FOUND, FALSE, VOLUMES, st.sampled_from(POINTS))
def test_recall_equals_trying_every_threshold(found, false, volumes, point):
    expected = recall_by_trying_every_threshold(found, false, volumes, point)
    assert recall(found, false, volumes, point) == expected
    shortened = make_events(found, false, volumes).curve(enough_fp=point)
    assert recall_at_fp(shortened, point) == expected


@settings(max_examples=100, deadline=None)
@given(FOUND, FALSE, SCORE, VOLUMES, st.sampled_from(POINTS))
def test_another_false_positive_never_raises_recall(found, false, extra, volumes, point):
    assert recall(found, [*false, extra], volumes, point) <= recall(found, false, volumes, point)


@settings(max_examples=100, deadline=None)
@given(FOUND, FALSE, VOLUMES)
def test_monotone_change_of_scores_changes_no_point(found, false, volumes):
    before, after = (
        make_events(change(np.asarray(found)), change(np.asarray(false)), volumes).curve()
        for change in (np.copy, lambda x: x**3 + x)
    )
    np.testing.assert_array_equal(before.fp_per_volume, after.fp_per_volume)
    np.testing.assert_array_equal(before.recall, after.recall)


def test_false_positives_exactly_at_the_limit_are_allowed():
    # 10 volumes, 3 false positives: 0.3 a volume, although 0.1 * 3 is a little more than 0.3 in binary.
    assert recall([0.1], [0.9, 0.8, 0.7], 10, 0.3) == 1


def test_curve_starts_at_zero_and_ends_with_everything_accepted():
    curve = make_events([0.9, 0.5, NEVER], [0.7, 0.7, 0.2], 2, repeats=[0.2]).curve()
    assert curve.thresholds.tolist() == [np.inf, 0.9, 0.7, 0.5, 0.2]
    assert curve.fp_per_volume.tolist() == [0, 0, 1, 1, 1.5]
    assert curve.has_hit.tolist() == [False, True, False, True, True]
    np.testing.assert_allclose(curve.recall, [0, 1 / 3, 1 / 3, 2 / 3, 2 / 3])


@pytest.mark.parametrize(('found', 'volumes'), [([], 2), ([0.5], 0)])
def test_numbers_without_findings_or_volumes_do_not_exist(found, volumes):
    curve = make_events(found, [0.5], volumes).curve()
    for number in (recall_at_fp, interpolated_recall_at_fp, area_under_froc):
        assert np.isnan(number(curve, 0.5))


def test_nothing_predicted_is_recall_zero():
    curve = make_events([NEVER], [], 4).curve()
    for number in (recall_at_fp, interpolated_recall_at_fp, area_under_froc):
        assert number(curve, 0.5) == 0


def test_interpolation_runs_between_the_scores_of_hits_only():
    # Over 2 volumes: hit at 0.9 (0, 1/2), false positives at 0.8 and 0.7, hit at 0.6 (1, 1), false positive at 0.5.
    curve = make_events([0.9, 0.6], [0.8, 0.7, 0.5], 2).curve()
    assert interpolated_recall_at_fp(curve, 0.5) == 0.75  # half way, while the step rule stays at 1/2
    assert recall_at_fp(curve, 0.5) == 0.5
    assert interpolated_recall_at_fp(curve, 9) == 1


def test_a_repeat_is_a_point_of_the_interpolation():
    # As above with a repeat at 0.75: at one false positive, so at (1/2, 1/2), the curve is still flat.
    curve = make_events([0.9, 0.6], [0.8, 0.7, 0.5], 2, repeats=[0.75]).curve()
    assert interpolated_recall_at_fp(curve, 0.5) == 0.5
    assert interpolated_recall_at_fp(curve, 0.75) == 0.75


def test_area_is_that_of_the_steps():
    # Recall 1/2 from 0 to 1/2 false positives, 1 from there to 1 and on: 1/4 + 1/2.
    curve = make_events([0.9, 0.6], [0.8, 0.5], 2).curve()
    assert area_under_froc(curve, 1.0) == 0.75
    assert area_under_froc(curve, 0.25) == 0.125


def test_area_goes_on_flat_where_the_curve_ends():
    assert area_under_froc(make_events([0.9, NEVER], [], 2).curve(), 1.0) == 0.5


@settings(max_examples=100, deadline=None)
@given(FOUND, FALSE, VOLUMES)
def test_vertices_keep_the_step_curve(found, false, volumes):
    curve = make_events(found, false, volumes).curve()
    corners = curve.vertices()
    for point in np.unique(curve.fp_per_volume):
        assert recall_at_fp(corners, point) == recall_at_fp(curve, point)
        assert area_under_froc(corners, point) == pytest.approx(area_under_froc(curve, point), abs=1e-12)


NUMBERS = (
    lambda curve: recall_at_fp(curve, 0.5),
    lambda curve: area_under_froc(curve, 1.0),
    lambda curve: interpolated_recall_at_fp(curve, 2.0),
)


@pytest.mark.parametrize(('seed', 'enough_fp'), [(0, np.inf), (1, np.inf), (2, 2.0), (3, 2.0)])
def test_resampling_equals_copying_patients(seed, enough_fp):
    rng = np.random.default_rng(seed)
    patients, findings, false_positives = 7, 9, (400 if seed == 2 else 30)
    found = np.where(rng.random(findings) < 0.2, NEVER, rng.integers(0, 30, findings) / 30)
    false = rng.integers(0, 30, false_positives) / 30
    found_patient, false_patient = rng.integers(patients, size=findings), rng.integers(patients, size=false_positives)
    volumes = rng.integers(1, 5, patients)
    draws = draw_patients(patients, 40, rng)
    numbers = NUMBERS if np.isinf(enough_fp) else NUMBERS[:2]  # a shortened curve serves step rules only
    events = make_events(found, false, volumes, (), found_patient, false_patient)
    samples = resample_numbers(events, numbers, draws, enough_fp)
    for counts, row in zip(draws, samples):
        copies = np.repeat(found, counts[found_patient]), np.repeat(false, counts[false_patient]), counts @ volumes
        copied = make_events(*copies).curve()
        np.testing.assert_allclose(row, [number(copied) for number in numbers], rtol=0, atol=1e-12)


def test_unsorted_events_are_refused():
    flags, patients = np.asarray([False, False]), np.asarray([0, 0])
    with pytest.raises(ValueError, match='scores of FROC events must fall'):
        FrocEvents(np.asarray([0.1, 0.2]), flags, flags, ~flags, patients, patients, np.asarray([1]))
