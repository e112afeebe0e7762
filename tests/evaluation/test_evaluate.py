from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from mammo_plugins.evaluation import PredictionsError, evaluate_detections

IMAGES = {f'p{p}/s{s}/{view}': '' for p in range(4) for s in (1, 2) for view in ('lcc', 'lmlo', 'rcc')}
IMAGES |= {'p0/s1/lcc': 'malignant', 'p0/s1/lmlo': 'malignant', 'p2/s2/rcc': 'malignant', 'p3/s1/rcc': 'benign'}
FINDINGS = [
    ('p0/s1/lcc', (100, 100, 40, 40), 'malignant', 20, (15, 25)),
    ('p0/s1/lcc', (300, 100, 60, 40), 'malignant', 8, None),
    ('p0/s1/lmlo', (100, 100, 40, 40), 'malignant', 20, (15, 25)),
    ('p2/s2/rcc', (400, 700, 40, 40), 'malignant', 20, (15, 25)),
    ('p3/s1/rcc', (400, 700, 40, 40), 'benign', 20, (15, 25)),
]
ROWS = st.lists(
    st.tuples(
        st.sampled_from(sorted(IMAGES)),
        st.tuples(st.sampled_from([100, 110, 300, 400]), st.sampled_from([100, 700]), st.just(40), st.just(40)),
        st.sampled_from([8, 20, 26]),
        st.integers(0, 10).map(lambda value: value / 10),
    ),
    max_size=30,
    unique=True,
)


def numbers(result):
    return {name: estimate.value for name, estimate in result.metrics().items()}


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_counts_of_two_halves_add_up(build_annotations, build_predictions, rows):
    whole = evaluate_detections(build_predictions(rows), build_annotations(IMAGES, FINDINGS)).counts
    halves = []
    for patients in (('p0', 'p1'), ('p2', 'p3')):
        images = {name: label for name, label in IMAGES.items() if name.startswith(patients)}
        findings, found = ([row for row in table if row[0].startswith(patients)] for table in (FINDINGS, rows))
        halves.append(evaluate_detections(build_predictions(found), build_annotations(images, findings)).counts)
    assert {name: halves[0][name] + halves[1][name] for name in whole} == whole


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_asking_for_the_slice_never_raises_recall(build_annotations, build_predictions, rows):
    predictions, annotations = build_predictions(rows), build_annotations(IMAGES, FINDINGS)
    in_3d, in_2d = (numbers(evaluate_detections(predictions, annotations, name)) for name in ('mm3d', 'mm3d-2d'))
    assert in_3d['R@0.25'] <= in_2d['R@0.25'] and in_3d['R@0.5'] <= in_2d['R@0.5']
    assert in_3d['breast_auc'] == in_2d['breast_auc']


def test_breast_score_is_the_mean_over_its_images(build_annotations, build_predictions):
    images = {'p1/s1/lcc': 'malignant', 'p1/s1/lmlo': 'malignant', 'p1/s1/rcc': '', 'p2/s1/rcc': '', 'p2/s1/rmlo': ''}
    probability = {'p1/s1/lcc': 0.9, 'p1/s1/lmlo': 0.2, 'p1/s1/rcc': 0.7, 'p2/s1/rcc': 0.5, 'p2/s1/rmlo': 0.4}
    rows = [(name, (0, 0, 9, 9), 3, 0.1) for name in images]
    result = evaluate_detections(build_predictions(rows, probability), build_annotations(images))
    assert result.breast_auc.value == roc_auc_score([1, 0, 0], [0.55, 0.7, 0.45]) == 0.5


def test_highest_finding_stands_for_a_missing_image_score(build_annotations, build_predictions):
    images = {'p1/s1/lcc': 'malignant', 'p2/s1/lcc': '', 'p3/s1/lcc': ''}
    rows = [('p1/s1/lcc', (0, 0, 9, 9), 3, score) for score in (0.1, 0.6)] + [('p2/s1/lcc', (0, 0, 9, 9), 3, 0.5)]
    result = evaluate_detections(build_predictions(rows), build_annotations(images))
    assert result.breast_auc.value == 1
    assert any('hold no ImageScore' in note for note in result.notes)


def test_image_without_predictions_never_ranks_above_one_with(build_annotations, build_predictions):
    images = {'p1/s1/lcc': 'malignant', 'p2/s1/lcc': ''}
    logits = [('p1/s1/lcc', (0, 0, 9, 9), 3, -2.5)]
    assert evaluate_detections(build_predictions(logits), build_annotations(images)).breast_auc.value == 0.5


def test_unannotated_malignant_image_counts_for_the_auc(build_annotations, build_predictions):
    images = {'p1/s1/lcc': 'malignant', 'p2/s1/lcc': ''}
    result = evaluate_detections(build_predictions([('p1/s1/lcc', (0, 0, 9, 9), 3, 0.5)]), build_annotations(images))
    assert result.breast_auc.value == 1
    assert (
        np.isnan(result.numbers['R@0.25'].value) and result.numbers['R@0.25'].reason == 'there is no annotated finding'
    )
    assert any('1 malignant images without a malignant box' in note for note in result.notes)


def test_single_class_gives_nan_auc_with_reason(build_annotations, build_predictions):
    result = evaluate_detections(build_predictions([]), build_annotations({'p1/s1/lcc': '', 'p2/s1/lcc': ''}))
    assert np.isnan(result.breast_auc.value)
    assert result.breast_auc.reason == 'no positive case among 2'
    assert json.loads(json.dumps(result.as_dict(), allow_nan=False))['metrics']['breast_auc']['value'] is None


def test_prediction_for_another_image_is_refused_by_name(build_annotations, build_predictions):
    predictions = build_predictions([('p1/s1/lcc', (0, 0, 9, 9), 3, 0.5), ('p9/s1/lcc', (0, 0, 9, 9), 3, 0.6)])
    annotations = build_annotations({'p1/s1/lcc': 'malignant', 'p2/s1/lcc': ''})
    with pytest.raises(PredictionsError, match='prediction 1 .*p9/s1/lcc, which is not among the 2 evaluated'):
        evaluate_detections(predictions, annotations)
    lenient = evaluate_detections(predictions, annotations, lenient=True)
    assert lenient.counts['dropped_for_unknown_image'] == 1
    assert lenient.counts['false_positives'] == 0
    assert any('1 rows for images that are not evaluated' in note for note in lenient.notes)


def test_nothing_to_evaluate_is_refused(build_annotations, build_predictions):
    with pytest.raises(ValueError, match='no image to evaluate'):
        evaluate_detections(build_predictions([]), build_annotations({'p1/s1/lcc': ''}).select(split='train'))


def test_images_of_one_name_are_refused(build_annotations, build_predictions):
    annotations = build_annotations({'p1/s1/lcc': '', 'p1/s1/LCC': ''})
    with pytest.raises(ValueError, match='two evaluated images are called p1/s1/lcc,.*its own view_name'):
        evaluate_detections(build_predictions([]), annotations)


def test_unknown_malignancy_is_refused(build_annotations, build_predictions):
    annotations = build_annotations({'p1/s1/lcc': ''})
    annotations.images[0].labels.clear()
    with pytest.raises(ValueError, match='p1/s1/lcc has no label that says whether it is malignant'):
        evaluate_detections(build_predictions([]), annotations)


def test_bootstrap_is_seeded_and_encloses_the_estimate(build_annotations, build_predictions):
    rows = [(name, box, 20, score) for (name, box, _, _, _), score in zip(FINDINGS, (0.9, 0.8, 0.2, 0.7, 0.5))]
    rows += [(name, (600, 600, 30, 30), 5, 0.4) for name in IMAGES]
    predictions, annotations = build_predictions(rows), build_annotations(IMAGES, FINDINGS)
    first, again, other = (evaluate_detections(predictions, annotations, bootstrap=200, seed=s) for s in (1, 1, 2))
    assert first.numbers == again.numbers != other.numbers
    for estimate in first.numbers.values():
        assert estimate.low <= estimate.value <= estimate.high
        assert 'over patients' in estimate.method


def test_evaluation_imports_neither_torch_nor_openmmlab():
    code = (
        'import sys, mammo_plugins.evaluation, mammo_plugins.io; '
        'print([name for name in ("torch", "mmengine", "mmcv", "mmdet") if name in sys.modules])'
    )
    output = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True).stdout
    assert output.strip() == '[]'


@pytest.mark.parametrize('lenient', [False, True])
def test_studies_of_other_names_are_said(build_annotations, build_predictions, lenient):
    annotations = build_annotations({'p1/DBT-S1/lcc': '', 'p2/DBT-S2/lcc': ''})
    predictions = build_predictions([('p1/1.2.3/lcc', (0, 0, 10, 10), 20, 0.5)])
    with pytest.raises(ValueError, match=r'p1/1\.2\.3/lcc, whose study is DBT-S1 in the annotations.* with mammo test'):
        evaluate_detections(predictions, annotations, lenient=lenient)


def test_auc_by_patient_keeps_the_breasts_of_a_patient_together(build_predictions, build_annotations):
    rng = np.random.default_rng(0)
    images, rows = {}, []
    for patient in range(20):  # both breasts of a patient are alike: half as many as there seem to be
        malignant, score = patient < 10, float(rng.normal(patient < 10))
        for name in (f'p{patient}/s/lcc', f'p{patient}/s/rcc'):
            images[name] = 'malignant' if malignant else ''
            rows.append((name, (0, 0, 9, 9), 3, score))
    predictions = build_predictions(rows)
    result = evaluate_detections(predictions, build_annotations(images), bootstrap=500)
    by_patient = result.metrics()['breast_auc_by_patient']
    assert by_patient.value == pytest.approx(result.breast_auc.value)
    assert by_patient.standard_error > 1.2 * result.breast_auc.standard_error
    assert 'breast_auc_by_patient' not in evaluate_detections(predictions, build_annotations(images)).metrics()


@pytest.mark.parametrize('patients', [3, 2])
def test_all_hits_are_no_certainty(build_annotations, build_predictions, patients):
    names = [f'p{n % patients}/s{n}/lcc' for n in range(3)]
    findings = [(name, (100, 100, 40, 40), 'malignant', 20, None) for name in names]
    rows = [(name, (100, 100, 40, 40), 20, 0.9) for name in names]
    annotations = build_annotations({**dict.fromkeys(names, 'malignant'), 'p9/s/lcc': ''}, findings)
    result = evaluate_detections(build_predictions(rows), annotations, 'mm3d-2d', bootstrap=200, threshold=0.5)
    for recall in (result.numbers['R@0.5'], result.operating_point.recall):
        if patients == 3:  # each once
            assert (recall.value, recall.low, recall.high) == (1, pytest.approx(0.025 ** (1 / 3)), 1)
            assert recall.method == 'Clopper-Pearson over 3 patients'
        else:
            assert (recall.low, recall.high) == (1, 1) and 'the interval has no width' in recall.reason
