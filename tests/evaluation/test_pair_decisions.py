"""Decisions about pairs of findings: hand-worked numbers, files, groups and means."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mammo_plugins.apis.study.number_readers import NUMBER_READERS
from mammo_plugins.apis.study.readings import ImageChoice, Reading
from mammo_plugins.commands import evaluate as evaluate_command
from mammo_plugins.evaluation.pair_decisions import (
    NUMBERS,
    BreastKey,
    PairDecisions,
    average_pairs,
    evaluate_pair_subgroups,
    evaluate_pairs,
    is_pair_file,
    read_pair_decisions,
    sample_pair_run,
    write_pair_decisions,
)
from mammo_plugins.evaluation.predictions import PredictionsError
from mammo_plugins.io.coco_volume import AnnotationSet, ImageRecord, read_annotations, write_annotations

# Patient, distance, same: p1 and p2 are of vendor A, p3 of B, p4 of C has no pair.
ROWS = [
    ('p1', 0.5, 1), ('p1', 1.5, 1), ('p1', 2.0, 0), ('p1', 3.0, 0), ('p1', 0.9, 0),
    ('p2', 0.1, 1), ('p2', 0.2, np.nan),
    ('p3', 1.0, 1), ('p3', 1.0, 0),
]  # fmt: skip
# A: matched 2 of 3, others 2 of 3. B: a distance at the limit is no match: matched 0 of 1, others 1 of 1.
DECISIONS = PairDecisions(
    tuple(BreastKey(patient, 's', 'L') for patient, _, _ in ROWS),
    np.array([row[1] for row in ROWS]),
    np.array([row[2] for row in ROWS], float),
)


@pytest.fixture(name='annotations')
def annotations_fixture(tmp_path):
    makers = dict(p1='A', p2='A', p3='B', p4='C')
    images = [
        ImageRecord(
            number, f'{number}.png', 9, 9, 1, patient, 's', f'L-{position}', 'FFDM', split='test', manufacturer=maker
        )
        for number, ((patient, maker), position) in enumerate(
            ((item, position) for item in makers.items() for position in ('CC', 'MLO')), start=1
        )
    ]
    write_annotations(tmp_path / 'ann.json', AnnotationSet(images, [], {'root': '.'}))
    return read_annotations(tmp_path / 'ann.json')


def values(result):
    return [result.numbers[name].value for name in NUMBERS]


def test_numbers_by_hand(annotations):
    result = evaluate_pairs(DECISIONS, annotations)
    assert values(result) == pytest.approx([5 / 8, 2 / 4, 3 / 4, 5 / 8])
    assert result.counts == {'pairs': 8, 'matched': 4, 'undecided': 1, 'patients': 4}


def test_groups_and_their_mean(annotations):
    groups = evaluate_pair_subgroups(DECISIONS, annotations, 'manufacturer')
    assert values(groups['A']) == pytest.approx([4 / 6, 2 / 3, 2 / 3, 2 / 3])
    assert values(groups['B']) == pytest.approx([1 / 2, 0, 1, 1 / 2])
    assert np.isnan(values(groups['C'])).all() and groups['C'].numbers['accuracy'].reason == 'there is no such pair'
    mean = average_pairs(DECISIONS, annotations, 'manufacturer', {'seen': ('A', 'B'), 'all': ('A', 'C')}, bootstrap=50)
    assert mean['seen'].numbers['balanced_accuracy'].value == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert mean['all'].numbers['accuracy'].reason == 'C: there is no such pair'


def test_replicates_are_the_numbers_of_drawn_patients(annotations):
    samples = sample_pair_run(DECISIONS, annotations, bootstrap=40, seed=3)
    from mammo_plugins.evaluation.functional import draw_patients

    draws = draw_patients(4, 40, np.random.default_rng(3))
    counts = np.array([[1, 2, 2, 3], [1, 1, 0, 0], [0, 1, 1, 1], [0, 0, 0, 0]])
    for draw, value in zip(draws, samples['accuracy_matched'].replicates):
        right, pairs = (draw @ counts)[:2]
        assert np.isnan(value) if not pairs else value == pytest.approx(right / pairs)


def test_file_comes_back_and_is_told_from_others(tmp_path, annotations):
    path = tmp_path / 'pairs.csv'
    write_pair_decisions(path, DECISIONS)
    read = read_pair_decisions(path)
    assert read.keys == DECISIONS.keys and is_pair_file(path)
    np.testing.assert_array_equal(read.distances, DECISIONS.distances)
    np.testing.assert_array_equal(read.same, DECISIONS.same)
    path.write_text('PatientID,StudyUID,View,malignant\n')
    assert not is_pair_file(path)
    with pytest.raises(PredictionsError, match="no column 'Side'"):
        read_pair_decisions(path)
    path.write_text('PatientID,StudyUID,Side,Distance,Same\np,s,L,0.5,1\np,s,L,0.5,2\n')
    with pytest.raises(PredictionsError, match="line 3: .*'2'"):
        read_pair_decisions(path)


def test_pairs_of_other_breasts_are_refused_or_left_out(annotations):
    part = annotations.keep(image.manufacturer == 'A' for image in annotations.images)
    with pytest.raises(ValueError, match='2 pairs are of breasts that are not evaluated, such as p3/s/L'):
        evaluate_pairs(DECISIONS, part)
    assert evaluate_pairs(DECISIONS, part, lenient=True).counts['pairs'] == 6


def test_command_and_study_read_the_file(tmp_path, annotations):
    path, out = tmp_path / 'pairs.csv', tmp_path / 'pairs.json'
    write_pair_decisions(path, DECISIONS)
    words = [str(path), '--ann', str(tmp_path / 'ann.json'), '--split', 'test', '--by', 'manufacturer']
    assert evaluate_command.main([*words, '--average', 'seen=A,B', '--bootstrap', '20', '--json', str(out)]) == 0
    results = json.loads(out.read_text())['results']
    assert results['seen']['metrics']['balanced_accuracy']['value'] == pytest.approx(7 / 12)
    assert results['B']['counts']['pairs'] == 2
    assert evaluate_command.main([str(path), '--ann', str(tmp_path / 'ann.json'), '--threshold', '0.5']) == 2
    chosen = ImageChoice(where={'manufacturer': 'B'})
    reading = Reading('b', 'mass', ['accuracy'], 'pairs', images=chosen)
    found = NUMBER_READERS['pairs'].read(path, chosen.of(annotations), reading, 10, 0)
    assert found['accuracy'].value == 0.5
