"""Numbers averaged over runs that were tested on patients of their own."""

from __future__ import annotations

import numpy as np
import pytest

from mammo_plugins.evaluation import compare_detections, evaluate_detections
from mammo_plugins.evaluation.number_samples import NumberSample, sample_difference
from mammo_plugins.evaluation.repeated_runs import average_runs, sample_run

BOX = (100, 100, 40, 40)


@pytest.fixture
def run(build_annotations, build_predictions):
    """A model's predictions on a cohort, and the cohort; its skill is the share of findings that it sees."""

    def make(skill, seed, patients=24):
        rng = np.random.default_rng(seed)
        labels = {f'p{i}/s1/{view}': 'malignant' if i % 2 else '' for i in range(patients) for view in ('lcc', 'lmlo')}
        annotations = build_annotations(
            labels, [(n, BOX, 'malignant', 20, (15, 25)) for n, label in labels.items() if label]
        )
        rows, image_scores = [], {}
        for name, label in labels.items():
            found = bool(label) and rng.random() < skill
            rows.append((name, (500, 500, 30, 30), 20, float(rng.random())))
            rows += [(name, BOX, 20, float(0.4 + 0.6 * rng.random()))] if found else []
            image_scores[name] = float(rng.random() / 2 + 0.5 * found)
        return build_predictions(rows, image_scores), annotations

    return make


def test_one_run_gives_the_numbers_of_an_evaluation(run):
    predictions, annotations = run(0.7, 1)
    samples = sample_run(predictions, annotations, 'mm3d', bootstrap=200, seed=3)
    result = evaluate_detections(predictions, annotations, 'mm3d', bootstrap=200, seed=3)
    for name, number in result.numbers.items():
        assert average_runs([samples[name]]).estimate() == number, name
    assert samples['breast_auc'].value == pytest.approx(result.breast_auc.value, abs=1e-12)


def test_auc_of_a_replicate_is_that_of_its_breasts(run):
    predictions, annotations = run(0.7, 2)
    sample = sample_run(predictions, annotations, 'mm3d', bootstrap=300, seed=0)['breast_auc']
    delong = evaluate_detections(predictions, annotations, 'mm3d').breast_auc
    assert sample.estimate().standard_error == pytest.approx(delong.standard_error, rel=0.2)


def test_average_is_the_mean_and_narrower_than_one_run(run):
    runs = [sample_run(*run(0.6, seed), 'mm3d', bootstrap=400, seed=seed)['R@0.5'] for seed in range(4)]
    mean = average_runs(runs).estimate()
    assert mean.value == pytest.approx(np.mean([one.value for one in runs]))
    errors = [one.estimate().standard_error for one in runs]
    # Independent errors: the variance of a mean is the sum of the variances over the square of their number.
    assert mean.standard_error == pytest.approx(np.sqrt(np.sum(np.square(errors))) / 4, rel=0.15)


def test_pairing_of_one_run_is_that_of_a_comparison(run):
    weak, annotations = run(0.2, 5)
    strong, _ = run(0.9, 5)
    first, second = (sample_run(model, annotations, 'mm3d', 200, 9)['R@0.5'] for model in (weak, strong))
    expected = compare_detections(weak, strong, annotations, 'mm3d', bootstrap=200, seed=9).differences['R@0.5']
    assert sample_difference(average_runs([first]), average_runs([second])) == expected


def test_number_that_does_not_exist_in_a_run_has_no_average():
    there, missing = NumberSample(0.5, np.full(10, 0.5)), NumberSample(float('nan'), missing='no finding')
    average = average_runs([there, missing])
    assert np.isnan(average.value) and average.missing == 'no finding'


@pytest.mark.parametrize(
    ('runs', 'message'),
    [([], 'no run'), ([NumberSample(0.5, np.zeros(3)), NumberSample(0.5, np.zeros(4))], r'\[3, 4\] replicates')],
)
def test_runs_that_do_not_go_together_are_refused(runs, message):
    with pytest.raises(ValueError, match=message):
        average_runs(runs)
