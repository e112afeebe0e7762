"""Numbers averaged over runs that were tested on patients of their own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mammo_plugins.evaluation import (
    LabelKey,
    compare_detections,
    compare_labels,
    evaluate_detections,
    evaluate_labels,
    gather_labels,
)
from mammo_plugins.evaluation.evaluate_saliency import evaluate_saliency, sample_saliency
from mammo_plugins.evaluation.image_names import image_key
from mammo_plugins.evaluation.number_samples import NumberSample, sample_difference
from mammo_plugins.evaluation.repeated_runs import average_runs, sample_label_run, sample_run, sample_saliency_run
from mammo_plugins.evaluation.saliency_files import SaliencyMap, write_index, write_map

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


@pytest.fixture(name='labelled', scope='module')
def labelled_fixture(build_annotations):
    """Ten patients, malignant where the number is even, and two classifiers' probabilities."""
    annotations = build_annotations(
        {f'p{i}/s/{view}': '' if i % 2 else 'malignant' for i in range(10) for view in ('lcc', 'rcc')},
        num_slices=1,
        modality='FFDM',
    )
    rng = np.random.default_rng(0)
    rows = []
    for skill in (0.3, 0.6):
        of_model = [
            (LabelKey(*image_key(image)), {'malignant': float(skill * image.labels['malignant'] + 0.4 * rng.random())})
            for image in annotations.images
        ]
        rows.append(gather_labels('View', of_model))
    return annotations, rows


def test_label_run_gives_the_numbers_of_an_evaluation(labelled):
    annotations, (predictions, _) = labelled
    samples = sample_label_run(predictions, annotations, 'malignant', bootstrap=100, seed=3)
    result = evaluate_labels(predictions, annotations, bootstrap=100, seed=3)['malignant']
    assert samples['auc'].estimate() == result.numbers['auc_by_patient']
    for name in ('accuracy', 'sensitivity', 'brier', 'average_precision'):
        assert samples[name].estimate() == result.numbers[name], name


def test_replicates_of_two_label_runs_are_paired(labelled):
    """By patient, even where one of them says nothing of a patient."""
    annotations, (first, second) = labelled
    whole = [sample_label_run(one, annotations, 'malignant', 200, 5)['accuracy'] for one in (first, second)]
    compared = compare_labels(first, second, annotations, bootstrap=200, seed=5)['malignant']
    assert sample_difference(*whole) == compared.differences['accuracy']
    kept = [row for row, key in enumerate(first.keys) if key.patient_id != 'p3']
    part = replace(
        first, keys=tuple(first.keys[row] for row in kept), columns={'malignant': first.columns['malignant'][kept]}
    )
    of_part = sample_label_run(part, annotations, 'malignant', 200, 5)['accuracy']
    assert np.corrcoef(of_part.replicates, whole[0].replicates)[0, 1] > 0.9


def test_label_that_is_not_predicted_is_named(labelled):
    annotations, (predictions, _) = labelled
    with pytest.raises(ValueError, match="no label 'benign', but malignant"):
        sample_label_run(predictions, annotations, 'benign', 10, 0)


@pytest.fixture(name='maps', scope='module')
def maps_fixture(build_annotations, tmp_path_factory):
    """Six patients, four with a finding, and a folder of noisy maps that show some of them."""
    annotations = build_annotations(
        {f'p{i}/s/lcc': 'malignant' if i < 4 else '' for i in range(6)},
        [(f'p{i}/s/lcc', (400, 800, 200, 400), 'malignant', 0, None) for i in range(4)],
        num_slices=1,
        modality='FFDM',
    )
    folder, rng, entries = tmp_path_factory.mktemp('maps'), np.random.default_rng(1), []
    for number, image in enumerate(annotations.images):
        saliency = 0.55 * rng.random((20, 10))
        saliency[8:12, 4:6] += 0.1 * number
        entry = SaliencyMap(image_key(image), 'malignant', f'{number}.png', (20, 10), (2000.0, 1000.0), np.eye(3))
        write_map(folder, entry, saliency)
        entries.append(entry)
    write_index(folder, entries)
    return annotations, folder


def test_saliency_run_gives_the_numbers_of_an_evaluation(maps):
    annotations, folder = maps
    samples = sample_saliency_run(folder, annotations, 'malignant', bootstrap=50, seed=2)
    numbers = evaluate_saliency(folder, annotations)['malignant'].numbers
    assert {name: sample.value for name, sample in samples.items()} == {n: e.value for n, e in numbers.items()}
    for name in ('dice', 'TIoU', 'pooled_iou', 'pxap_image', 'pxap_dataset'):
        estimate = samples[name].estimate()
        assert estimate.low < estimate.value < estimate.high, name


def test_saliency_replicate_is_the_number_of_its_patients(maps):
    """A replicate in which each drawn patient occurs once is the evaluation of these patients alone."""
    annotations, folder = maps
    draws = np.array([[1, 0, 1, 0, 1, 0], [0, 1, 0, 1, 0, 0], [0, 0, 0, 0, 1, 1]])
    samples = sample_saliency(folder, annotations, 'malignant', draws)
    for replicate, counts in enumerate(draws[:2]):
        part = annotations.keep(bool(count) for count in counts)
        alone = evaluate_saliency(folder, part, lenient=True)['malignant'].numbers
        for name, estimate in alone.items():
            assert samples[name].replicates[replicate] == pytest.approx(estimate.value, abs=1e-12), name
    assert all(np.isnan(sample.replicates[2]) for sample in samples.values())  # nobody with a finding was drawn


def test_class_without_maps_is_named(maps):
    annotations, folder = maps
    with pytest.raises(ValueError, match="no map of the class 'benign', but of malignant"):
        sample_saliency_run(folder, annotations, 'benign', 10, 0)
