from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from mammo_plugins.commands.evaluate import main
from mammo_plugins.commands.report import main as report
from mammo_plugins.evaluation import (
    LabelKey,
    PredictionsError,
    compare_labels,
    evaluate_label_subgroups,
    evaluate_labels,
    gather_labels,
    write_labels,
)
from mammo_plugins.io import AnnotationSet, FindingRecord, write_annotations

VIEWS = ('lcc', 'lmlo', 'rcc', 'rmlo')
BIRADS = {'lcc': '5', 'lmlo': '4B', 'rcc': '1', 'rmlo': '2'}


@pytest.fixture(name='annotations', scope='module')
def annotations_fixture(build_annotations):
    """Ten patients; the left breasts of the first four are malignant."""
    images = {f'p{p}/s/{view}': 'malignant' if p < 4 and view[0] == 'l' else '' for p in range(10) for view in VIEWS}
    built = build_annotations(images, num_slices=1, modality='FFDM')
    labelled = [
        replace(
            image,
            labels={**image.labels, 'birads': BIRADS[image.view_name]},
            manufacturer='A' if int(image.patient_id[1]) % 2 else 'B',
        )
        for image in built.images
    ]
    return AnnotationSet(labelled, [], built.info)


def malignant_scores(seed=0):
    rng = np.random.default_rng(seed)
    return {
        LabelKey(f'p{p}', 's', view): {
            'malignant': round(float(rng.beta(3, 2) if p < 4 and view[0] == 'l' else rng.beta(2, 3)), 2)
        }
        for p in range(10)
        for view in VIEWS
    }


def test_hand_worked_presence(build_annotations):
    annotations = build_annotations(
        {f'p{i}/s/lcc': 'malignant' if i < 2 else '' for i in range(4)}, num_slices=1, modality='FFDM'
    )
    scores = [0.8, 0.5, 0.5, 0.1]
    rows = [(LabelKey(f'p{i}', 's', 'lcc'), {'malignant': p}) for i, p in enumerate(scores)]
    result = evaluate_labels(gather_labels('View', rows), annotations)['malignant']
    values = {name: estimate.value for name, estimate in result.numbers.items()}
    assert values['auc'] == 3.5 / 4  # one of four pairs is a tie
    assert values['average_precision'] == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert (
        values['accuracy'] == values['balanced_accuracy'] == values['macro_accuracy'] == 0.75
    )  # 0.5 is called present
    assert (values['sensitivity'], values['specificity']) == (1, 0.5)
    assert values['brier'] == pytest.approx((0.04 + 0.25 + 0.25 + 0.01) / 4)
    assert values['ece'] == pytest.approx((0.2 + 0 + 0.1) / 4)
    assert result.confusion.tolist() == [[1, 1], [0, 2]]


def test_numbers_agree_with_scikit_learn(annotations):
    metrics = pytest.importorskip('sklearn.metrics')
    scores = malignant_scores()
    result = evaluate_labels(gather_labels('View', scores.items()), annotations)['malignant']
    truth = [int(key.patient_id in ('p0', 'p1', 'p2', 'p3') and key.name[0] == 'l') for key in scores]
    probabilities = np.asarray([labels['malignant'] for labels in scores.values()])
    called = probabilities >= 0.5
    values = {name: estimate.value for name, estimate in result.numbers.items()}
    assert values['auc'] == pytest.approx(metrics.roc_auc_score(truth, probabilities))
    assert values['average_precision'] == pytest.approx(metrics.average_precision_score(truth, probabilities))
    assert values['accuracy'] == pytest.approx(metrics.accuracy_score(truth, called))
    assert values['balanced_accuracy'] == pytest.approx(metrics.balanced_accuracy_score(truth, called))
    assert values['brier'] == pytest.approx(metrics.brier_score_loss(truth, probabilities))


def test_classes_agree_with_scikit_learn(annotations):
    metrics = pytest.importorskip('sklearn.metrics')
    rng = np.random.default_rng(1)
    keys = [LabelKey(image.patient_id, 's', image.view_name) for image in annotations.images]
    probabilities = rng.dirichlet(np.ones(5), len(keys))
    rows = [(key, {f'birads={k + 1}': p for k, p in enumerate(row)}) for key, row in zip(keys, probabilities)]
    result = evaluate_labels(gather_labels('View', rows), annotations, bootstrap=20)['birads']
    truth, called = [int(BIRADS[key.name][0]) for key in keys], probabilities.argmax(axis=1) + 1
    for name, weights in (('linear_kappa', 'linear'), ('quadratic_kappa', 'quadratic')):
        expected = metrics.cohen_kappa_score(truth, called, weights=weights, labels=range(1, 6))
        assert result.numbers[name].value == pytest.approx(expected)
        assert result.numbers[name].low <= result.numbers[name].high
    assert result.confusion.tolist() == metrics.confusion_matrix(truth, called, labels=range(1, 6)).tolist()


def test_breast_and_pair_have_the_highest_class_of_their_images(annotations):
    rows = [(LabelKey('p0', 's', side), {'birads=1': 0.0, 'birads=2': 0.0, 'birads=5': 1.0}) for side in 'LR']
    result = evaluate_labels(gather_labels('Side', rows), annotations)['birads']
    # L: 5 and 4; 4 is no class, but 5 is the highest. R: 1 and 2.
    assert result.confusion.tolist() == [[0, 0, 0], [0, 0, 1], [0, 0, 1]]
    pairs = [(LabelKey('p0', 's', position), {'abnormal': 0.9}) for position in ('CC', 'MLO')]
    assert evaluate_labels(gather_labels('Pair', pairs), annotations)['abnormal'].counts['true_1'] == 2


def test_marked_finding_makes_an_image_abnormal_whatever_its_birads(annotations):
    images = [replace(image, labels={'birads': '1'}) for image in annotations.images]
    rows = [(LabelKey(image.patient_id, 's', image.view_name), {'abnormal': 0.5}) for image in images]
    finding = FindingRecord(images[2].id, 'other', (0.0, 0.0, 2.0, 2.0))
    for findings, positives in (([], 0), ([finding], 1)):
        scored = evaluate_labels(gather_labels('View', rows), AnnotationSet(images, findings))['abnormal']
        assert (scored.counts['true_1'], scored.counts['true_0']) == (positives, len(images) - positives)


def test_unknown_truth_is_left_out_and_counted(annotations):
    images = [replace(image, labels={**image.labels, 'density': None}) for image in annotations.images]
    images[0] = replace(images[0], labels={**images[0].labels, 'density': 'B'})
    rows = [(LabelKey('p0', 's', view), {'density=A': 0.25, 'density=B': 0.75}) for view in VIEWS]
    result = evaluate_labels(gather_labels('View', rows), AnnotationSet(images, []))['density']
    assert (result.counts['cases'], result.counts['unknown_truth'], result.counts['without_prediction']) == (1, 3, 36)
    assert result.numbers['accuracy'].value == 1


def test_label_that_the_file_lacks_and_strange_rows_are_refused(annotations):
    labels = gather_labels('View', [(LabelKey('p0', 's', 'lcc'), {'implant': 0.5})])
    with pytest.raises(ValueError, match="no evaluated image has the label 'implant'"):
        evaluate_labels(labels, annotations)
    strange = gather_labels('View', [(LabelKey('q', 's', 'lcc'), {'malignant': 0.5})])
    with pytest.raises(PredictionsError, match='View q/s/lcc is not among the 40 evaluated ones'):
        evaluate_labels(strange, annotations)
    assert evaluate_labels(strange, annotations, lenient=True)['malignant'].counts['cases'] == 0


def test_subgroups_score_their_images_alone(annotations):
    labels = gather_labels('View', malignant_scores().items())
    groups = evaluate_label_subgroups(labels, annotations, 'manufacturer')
    assert {name: group['malignant'].counts['cases'] for name, group in groups.items()} == {'A': 20, 'B': 20}
    with pytest.raises(ValueError, match="unknown subgroup 'size' of labels"):
        evaluate_label_subgroups(labels, annotations, 'size')


def test_model_compared_with_itself_differs_in_nothing(annotations):
    labels = gather_labels('View', malignant_scores().items())
    comparison = compare_labels(labels, labels, annotations, bootstrap=20, permutations=10)['malignant']
    assert {d.difference for d in comparison.differences.values()} == {0}
    assert comparison.permutation_p_values == {'balanced_accuracy': 1, 'auc': 1}


def test_perfect_model_beats_a_random_one(annotations):
    random = gather_labels('View', malignant_scores().items())
    truth = {key: {'malignant': float(key.patient_id < 'p4' and key.name[0] == 'l')} for key in random.keys}
    comparison = compare_labels(
        random, gather_labels('View', truth.items()), annotations, bootstrap=100, permutations=200
    )['malignant']
    assert comparison.differences['auc'].difference > 0
    assert comparison.differences['brier'].high < 0  # lower is better
    assert comparison.permutation_p_values['balanced_accuracy'] < 0.05


def test_report_shows_numbers_roc_and_reliability(annotations, tmp_path):
    write_annotations(tmp_path / 'ann.json', annotations)
    write_labels(tmp_path / 'a.csv', gather_labels('View', malignant_scores().items()))
    arguments = ['--ann', str(tmp_path / 'ann.json'), '--out', str(tmp_path / 'report.html')]
    assert report(['first=' + str(tmp_path / 'a.csv'), *arguments]) == 0
    page = (tmp_path / 'report.html').read_text()
    assert 'ROC curves of first' in page and 'Reliability of first' in page
    auc = evaluate_labels(gather_labels('View', malignant_scores().items()), annotations)['malignant'].numbers['auc']
    assert f'{auc.value:.3f}' in page and 'true 1:' in page


def test_command_scores_compares_and_groups(annotations, tmp_path, capsys):
    ann, first, second = (str(tmp_path / name) for name in ('ann.json', 'a.csv', 'b.csv'))
    write_annotations(ann, annotations)
    for path, seed in ((first, 0), (second, 1)):
        write_labels(path, gather_labels('View', malignant_scores(seed).items()))
    out = str(tmp_path / 'out.json')
    assert main([first, '--ann', ann, '--bootstrap', '20', '--json', out]) == 0
    printed = capsys.readouterr().out
    assert 'malignant of each view' in printed and 'quadratic' not in printed
    stored = json.loads((tmp_path / 'out.json').read_text())['results']['malignant']
    expected = evaluate_labels(gather_labels('View', malignant_scores().items()), annotations, bootstrap=20)
    assert stored['metrics']['auc']['value'] == expected['malignant'].numbers['auc'].value
    assert main([first, '--ann', ann, '--by', 'manufacturer']) == 0
    assert main(['--compare', first, second, '--ann', ann, '--bootstrap', '20']) == 0
    assert 'auc' in capsys.readouterr().out
    assert main([first, '--ann', ann, '--protocol', 'mm3d']) == 2
    assert 'does not go with labels' in capsys.readouterr().err
