from __future__ import annotations

import numpy as np
import pytest

from mammo_plugins.evaluation import (
    LabelKey,
    PredictionsError,
    gather_labels,
    is_label_file,
    read_labels,
    write_labels,
)

HEADER = 'PatientID,StudyUID,View,malignant,birads=1,birads=2'


@pytest.fixture(name='csv_file')
def csv_file_fixture(tmp_path):
    def write(*lines, header=HEADER):
        path = tmp_path / 'labels.csv'
        path.write_text('\n'.join([header, *lines]) + '\n')
        return path

    return write


def test_round_trip_is_exact_and_a_label_that_was_not_predicted_is_blank(tmp_path):
    rows = [(LabelKey('p', 's', 'lcc'), {'malignant': 1 / 3}), (LabelKey('p', 's', 'rcc'), {'density=A': 1.0})]
    before = gather_labels('View', rows)
    write_labels(tmp_path / 'labels.csv', before)
    lines = (tmp_path / 'labels.csv').read_text().splitlines()
    assert lines == ['PatientID,StudyUID,View,malignant,density=A', f'p,s,lcc,{1 / 3!r},', 'p,s,rcc,,1.0']
    after = read_labels(tmp_path / 'labels.csv')
    assert (after.unit, after.keys, after.labels) == ('View', before.keys, {'malignant': (), 'density': ('A',)})
    for name, values in before.columns.items():
        np.testing.assert_array_equal(after.columns[name], values)


def test_header_tells_labels_from_detections(csv_file, tmp_path):
    assert is_label_file(csv_file())
    assert is_label_file(csv_file(header='PatientID,StudyUID,Pair,abnormal'))
    boxes = tmp_path / 'boxes.csv'
    boxes.write_text('PatientID,StudyUID,View,X,Width,Y,Height,Z,Depth,Score\n')
    assert not is_label_file(boxes)


@pytest.mark.parametrize(
    ('row', 'reason'),
    {
        'p,s,rcc,1.5,,': 'malignant is no probability: 1.5',
        'p,s,rcc,inf,,': 'malignant is no probability: inf',
        'p,s,rcc,high,,': "line 3: malignant is no number: 'high'",
        'p,s,rcc,0.5,0.5,0.6': 'classes of birads have the probabilities',
        'p,s,rcc,0.5,0.5,': 'classes of birads have the probabilities',
        'p,s,LCC,0.5,,': 'View p/s/lcc has labels twice',
        'p,,rcc,0.5,,': 'line 3: PatientID, StudyUID or View is blank',
        'p,s,rcc,0.5': 'line 3: number of cells is not the 6 of the header: 4',
    }.items(),
)
def test_unusable_row_is_refused_by_reason(csv_file, row, reason):
    with pytest.raises(PredictionsError) as error:
        read_labels(csv_file('p,s,lcc,0.5,0.25,0.75', row))
    assert reason in str(error.value)


@pytest.mark.parametrize('header', ['PatientID,StudyUID,View', 'PatientID,StudyUID,View,Side,a', 'PatientID,View,a'])
def test_other_tables_are_refused(csv_file, header):
    with pytest.raises(PredictionsError, match='needed are PatientID, StudyUID, one of View, Side, Pair'):
        read_labels(csv_file(header=header))
