from __future__ import annotations

import csv
import io
from collections import Counter

import numpy as np
import pytest

from mammo_plugins.commands.evaluate import main
from mammo_plugins.evaluation import evaluate_detections
from mammo_plugins.io import write_annotations
from mammo_plugins.visualization import curves_csv
from tests.evaluation.conftest import build_annotations, build_predictions

BOX = (100, 100, 40, 40)
IMAGES = {f'p{i}/s1/lcc': 'malignant' if i < 3 else '' for i in range(6)}
FINDINGS = [(f'p{i}/s1/lcc', BOX, 'malignant', 20, (15, 25)) for i in range(3)]
SCORES = (0.9, 0.4, 0.7, 0.8, 0.3, 0.2)  # a normal breast stands second
ROWS = [(name, BOX if i < 2 else (500, 500, 40, 40), 20, SCORES[i]) for i, name in enumerate(IMAGES)]


def results(protocols=('mm3d', 'mm3d-2d'), **options):
    annotations, predictions = build_annotations(IMAGES, FINDINGS), build_predictions(ROWS)
    return {name: evaluate_detections(predictions, annotations, name, **options) for name in protocols}


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_every_curve_is_there_once():
    rows = rows_of(curves_csv(results()))
    found = Counter((row['protocol'], row['curve']) for row in rows)
    assert set(found) == {('mm3d', 'froc'), ('mm3d-2d', 'froc'), ('', 'roc'), ('', 'pr')}
    scored = results(('mm3d',))['mm3d']
    assert found['mm3d', 'froc'] == len(scored.curve.vertices().recall)
    assert found['', 'pr'] == len(scored.breast_counts.thresholds) - 1


def test_points_read_back_exactly():
    rows = [row for row in rows_of(curves_csv(results())) if row['curve'] == 'pr']
    counts = results()['mm3d'].breast_counts
    assert [float(row['x']) for row in rows] == counts.sensitivity[1:].tolist()
    assert [float(row['y']) for row in rows] == counts.precision[1:].tolist()
    assert [float(row['threshold']) for row in rows] == counts.thresholds[1:].tolist()


def test_bands_come_with_a_bootstrap():
    rows = rows_of(curves_csv(results(('mm3d',), bootstrap=30)))
    bands = {name: [row for row in rows if row['curve'] == name] for name in ('froc-band', 'roc-band')}
    for name, points in bands.items():
        low, high = (np.array([float(row[end]) for row in points]) for end in ('low', 'high'))
        assert len(points) > 50 and (low <= high).all() and (low < high).any(), name
        assert {row['y'] for row in points} == {''}


def test_what_does_not_exist_is_empty():
    only_normal = evaluate_detections(build_predictions([]), build_annotations({'p1/s1/lcc': ''}), 'mm3d')
    rows = rows_of(curves_csv({'mm3d': only_normal}))
    assert rows[0] == {
        'protocol': 'mm3d', 'curve': 'froc', 'threshold': '', 'x': '0.0', 'y': '', 'low': '', 'high': '',
    }  # fmt: skip


@pytest.mark.parametrize('arguments', [[], ['--bootstrap', '20']])
def test_command_writes_the_table(tmp_path, arguments):
    write_annotations(tmp_path / 'ann.json', build_annotations(IMAGES, FINDINGS))
    (tmp_path / 'found.csv').write_text('PatientID,StudyUID,View,X,Width,Y,Height,Z,Depth,Score\n')
    out = tmp_path / 'new' / 'curves.csv'
    code = main([str(tmp_path / 'found.csv'), '--ann', str(tmp_path / 'ann.json'), '--curves', str(out), *arguments])
    assert code == 0 and rows_of(out.read_text())
    assert [path.name for path in out.parent.iterdir()] == ['curves.csv']
