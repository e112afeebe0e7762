from __future__ import annotations

import numpy as np
import pytest

from mammo_plugins.evaluation.functional import (
    FrocEvents,
    ScoredCases,
    draw_patients,
    froc_band,
    recall_at_fp,
    roc_band,
)


def events(seed=0, patients=20):
    """A finding a patient; half of them are found, among three false positives a patient."""
    rng = np.random.default_rng(seed)
    kinds = np.repeat([True, False], [patients // 2, 3 * patients])
    scores = rng.random(len(kinds))
    patient = np.concatenate([np.arange(patients // 2), np.repeat(np.arange(patients), 3)])
    order = np.argsort(-scores)
    hit = kinds[order]
    return FrocEvents(scores[order], hit, hit, ~hit, patient[order], np.arange(patients), np.ones(patients, int))


def test_froc_band_is_the_percentile_of_literal_resamples():
    found, points = events(), [0.0, 0.5, 1.5]
    draws = draw_patients(20, 60, np.random.default_rng(1))
    band = froc_band(found, draws, points)
    samples = np.array([[recall_at_fp(found.curve(row), point) for point in points] for row in draws])
    np.testing.assert_allclose(band.low, np.quantile(samples, 0.025, axis=0))
    np.testing.assert_allclose(band.high, np.quantile(samples, 0.975, axis=0))
    assert band.x.tolist() == points and (np.diff(band.low) >= 0).all()


def test_roc_band_is_the_percentile_of_literal_resamples():
    rng = np.random.default_rng(0)
    labels = rng.random(60) < 0.4
    cases = ScoredCases(rng.random(60) + 0.5 * labels, labels, np.repeat(np.arange(20), 3))
    draws = draw_patients(20, 50, rng)
    band = roc_band(cases, draws, [0.1, 0.5, 1.0])
    samples = []
    for row in draws:
        index = np.repeat(np.arange(60), row[cases.patient])
        literal = ScoredCases(cases.scores[index], labels[index], cases.patient[index]).counts()
        samples.append([literal.sensitivity_at(1 - rate) for rate in (0.1, 0.5, 1.0)])
    np.testing.assert_allclose(band.low, np.quantile(samples, 0.025, axis=0))
    np.testing.assert_allclose(band.high, np.quantile(samples, 0.975, axis=0))
    assert band.high[-1] == band.low[-1] == 1


def test_a_perfect_reader_has_no_band():
    labels = np.arange(20) < 10
    band = roc_band(ScoredCases(labels.astype(float), labels, np.arange(20)), np.ones((5, 20), int), [0, 1])
    assert band.low.tolist() == band.high.tolist() == [1, 1]


@pytest.mark.parametrize('level', [0.5, 0.95])
def test_level_is_kept(level):
    assert froc_band(events(), np.ones((3, 20), int), [0.5], level).level == level


def test_undefined_replicates_are_left_out():
    found = events()
    nobody = np.zeros((3, 20), int)
    assert np.isnan(froc_band(found, nobody, [0.5]).low).all()
    mixed = np.concatenate([nobody, np.ones((2, 20), int)])
    assert froc_band(found, mixed, [0.5]).low == recall_at_fp(found.curve(), 0.5)
