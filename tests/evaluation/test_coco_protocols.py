"""COCO's average precision: pycocotools as the reference in 2-D, hand-worked cases with slices."""

from __future__ import annotations

import contextlib
import io

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from mammo_plugins.evaluation import evaluate_detections
from mammo_plugins.evaluation.functional import RankedDetections

BOX = (100, 100, 40, 40)
NEAR = (110, 100, 40, 40)  # IoU with BOX: 0.6
AWAY = (500, 500, 40, 40)
SLICES = (20, (15, 25))


def by_pycocotools(names, findings, rows):
    """AP and AP50 of pycocotools; its images in order of the list."""
    ids = {name: number for number, name in enumerate(names, start=1)}
    annotations = [
        dict(id=number, image_id=ids[name], category_id=1, bbox=list(box), area=box[2] * box[3], iscrowd=0)
        for number, (name, box, *_) in enumerate(findings, start=1)
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = dict(images=[dict(id=i) for i in ids.values()], annotations=annotations, categories=[{'id': 1}])
        truth.createIndex()
        found = truth.loadRes(
            [dict(image_id=ids[name], category_id=1, bbox=list(box), score=score) for name, box, _, score in rows]
        )
        evaluation = COCOeval(truth, found, 'bbox')
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation.stats[:2]


def random_data(seed, patients=12, distinct_scores=10**9, per_image=8):
    """Volumes with up to three findings; half of the predictions are findings moved a little."""
    rng = np.random.default_rng(seed)
    labels, findings, rows = {}, [], []
    for patient in range(patients):
        name = f'p{patient}/s1/lcc'
        count = int(rng.integers(4))
        labels[name] = 'malignant' if count else ''
        boxes = [(*rng.integers(0, 300, 2).tolist(), *rng.integers(20, 60, 2).tolist()) for _ in range(count)]
        findings += [(name, box, 'malignant', *SLICES) for box in boxes]
        for _ in range(int(rng.integers(per_image + 1))):
            if boxes and rng.random() < 0.6:
                box = np.array(boxes[rng.integers(count)]) + rng.integers(-6, 7, 4)
            else:
                box = np.concatenate([rng.integers(0, 300, 2), rng.integers(20, 60, 2)])
            rows.append((name, tuple(box.tolist()), int(rng.integers(40)), int(rng.integers(distinct_scores)) / 10**9))
    return labels, findings, rows


@pytest.mark.parametrize('seed', range(8))
@pytest.mark.parametrize('distinct_scores', [10**9, 4], ids=['distinct', 'tied'])
def test_two_dimensional_part_equals_pycocotools(build_annotations, build_predictions, seed, distinct_scores):
    labels, findings, rows = random_data(seed, distinct_scores=distinct_scores)
    result = evaluate_detections(build_predictions(rows), build_annotations(labels, findings), 'coco')
    found = [result.numbers[name].value for name in ('AP', 'AP50')]
    np.testing.assert_allclose(found, by_pycocotools(list(labels), findings, rows), atol=1e-9, rtol=0)
    assert 0 < found[0] < found[1] < 1  # a trivial case would prove nothing


def test_more_than_a_hundred_predictions_an_image_are_cut_as_in_pycocotools(build_annotations, build_predictions):
    labels, findings, rows = random_data(3, patients=3, per_image=8)
    name = findings[0][0]
    rows += [(name, (400 + i, 400, 20, 20), 0, 2 + i) for i in range(98)]
    result = evaluate_detections(build_predictions(rows), build_annotations(labels, findings), 'coco')
    expected = by_pycocotools(list(labels), findings, rows)
    np.testing.assert_allclose([result.numbers[n].value for n in ('AP', 'AP50')], expected, atol=1e-9, rtol=0)


ONE = {'p1/s1/lcc': 'malignant', 'p2/s1/lcc': ''}
FOUND = ('p1/s1/lcc', BOX, 'malignant', 20, (15, 25))
# Precision at the 101 recalls; with two findings, recalls 0 to 0.5 are the first 51.
CASES = [
    ('Nothing is predicted.', [FOUND], [], 0, 0),
    ('The exact box in a visible slice.', [FOUND], [('p1/s1/lcc', BOX, 25, 0.9)], 1, 1),
    ('The slice behind the last visible one matches in 2-D only.', [FOUND], [('p1/s1/lcc', BOX, 26, 0.9)], 1, 0),
    (
        'A repeat behind the hit costs nothing, since recall is complete.',
        [FOUND], [('p1/s1/lcc', BOX, 20, 0.9), ('p1/s1/lcc', NEAR, 20, 0.8)], 1, 1,
    ),
    (
        'A better one in the wrong slice takes the finding in 2-D and stands before it in 3-D.',
        [FOUND], [('p1/s1/lcc', BOX, 30, 0.9), ('p1/s1/lcc', NEAR, 20, 0.8)], 1, 1 / 2,
    ),
    (
        'A false positive elsewhere halves the precision of a worse hit.',
        [FOUND], [('p2/s1/lcc', BOX, 20, 0.9), ('p1/s1/lcc', BOX, 20, 0.8)], 1 / 2, 1 / 2,
    ),
    (
        'Of two findings one is found: precision 1 up to recall 1/2.',
        [FOUND, ('p1/s1/lcc', AWAY, 'malignant', 20, (15, 25))], [('p1/s1/lcc', BOX, 20, 0.9)], 51 / 101, 51 / 101,
    ),
    (
        'A hit on a benign finding is a false positive.',
        [FOUND, ('p1/s1/lcc', AWAY, 'benign', 20, (15, 25))],
        [('p1/s1/lcc', AWAY, 20, 0.9), ('p1/s1/lcc', BOX, 20, 0.8)], 1 / 2, 1 / 2,
    ),
    ('A prediction that touches two findings takes the nearer one only.',
     [FOUND, ('p1/s1/lcc', NEAR, 'malignant', 20, (15, 25))], [('p1/s1/lcc', NEAR, 20, 0.9)], 51 / 101, 51 / 101),
]  # fmt: skip


@pytest.mark.parametrize(('sentence', 'findings', 'rows', 'flat', 'with_slice'), CASES, ids=[c[0] for c in CASES])
def test_hand_worked_ap50(build_annotations, build_predictions, sentence, findings, rows, flat, with_slice):
    annotations, predictions = build_annotations(ONE, findings), build_predictions(rows)
    values = [evaluate_detections(predictions, annotations, p).numbers['AP50'].value for p in ('coco', 'coco-3d')]
    assert values == pytest.approx([flat, with_slice], abs=1e-12)


def test_without_findings_there_is_no_precision(build_annotations, build_predictions):
    result = evaluate_detections(
        build_predictions([('p1/s1/lcc', BOX, 20, 0.9)]), build_annotations({'p1/s1/lcc': ''}), 'coco', bootstrap=10
    )
    assert np.isnan(result.numbers['AP'].value) and result.numbers['AP'].reason == 'there is no annotated finding'


def test_malignant_image_without_box_is_left_out(build_annotations, build_predictions):
    labels = ONE | {'p3/s1/lcc': 'malignant'}
    rows = [('p3/s1/lcc', BOX, 20, 0.95), ('p1/s1/lcc', BOX, 20, 0.9)]
    result = evaluate_detections(build_predictions(rows), build_annotations(labels, [FOUND]), 'coco')
    assert result.numbers['AP50'].value == pytest.approx(1)


def repeated(ranked, counts):
    """The same ranking with each patient's detections and findings written as often as it is drawn."""
    times = counts[ranked.patient]
    return RankedDetections(
        np.repeat(ranked.is_true, times), np.repeat(ranked.patient, times),
        np.repeat(ranked.finding_patient, counts[ranked.finding_patient]), ranked.num_patients,
    )  # fmt: skip


def literal_average_precision(is_true, num_findings):
    """Walks down the ranking, then reads the best precision at or beyond each of 101 recalls."""
    points, found = [], 0
    for position, true in enumerate(is_true, start=1):
        found += bool(true)
        points.append((found / num_findings, found / position))
    return np.mean([max((p for r, p in points if r >= level), default=0) for level in np.linspace(0, 1, 101)])


@pytest.mark.parametrize('seed', range(5))
def test_replicates_against_repeated_data(seed):
    rng = np.random.default_rng(seed)
    ranked = RankedDetections(rng.random(40) < 0.3, rng.integers(6, size=40), rng.integers(6, size=25), 6)
    draws = rng.multinomial(6, np.full(6, 1 / 6), size=20)
    expected = []
    for counts in draws:
        data = repeated(ranked, counts)
        nothing = not len(data.finding_patient)
        expected.append(np.nan if nothing else literal_average_precision(data.is_true, len(data.finding_patient)))
    np.testing.assert_allclose(ranked.resampled(draws), expected, atol=1e-12)


def test_interval_holds_the_value(build_annotations, build_predictions):
    labels, findings, rows = random_data(0, patients=30)
    result = evaluate_detections(build_predictions(rows), build_annotations(labels, findings), 'coco', bootstrap=200)
    for number in result.numbers.values():
        assert number.low < number.value < number.high and number.standard_error > 0
