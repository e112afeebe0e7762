"""The worked example of docs/evaluation.md, table by table."""

from __future__ import annotations

from pathlib import Path

import pytest

from mammo_plugins.evaluation import PROTOCOLS, evaluate_detections
from tests.markdown_tables import read_tables

PAGE = Path(__file__).parents[2] / 'docs/evaluation.md'
LABELS = {'p1/s1/lcc': 'malignant', 'p2/s1/lcc': 'benign', 'p3/s1/lcc': '', 'p4/s1/lcc': ''}
FINDINGS = [
    ('p1/s1/lcc', (100, 100, 40, 40), 'malignant', 20, (15, 25)),
    ('p2/s1/lcc', (300, 300, 60, 60), 'benign', 10, (8, 12)),
]
ROWS = {
    'a': ('p1/s1/lcc', (110, 100, 40, 40), 28, 0.9),
    'b': ('p1/s1/lcc', (180, 100, 40, 40), 20, 0.8),
    'c': ('p2/s1/lcc', (300, 300, 60, 60), 10, 0.7),
    'd': ('p1/s1/lcc', (100, 100, 40, 40), 21, 0.6),
    'e': ('p3/s1/lcc', (500, 500, 40, 40), 5, 0.5),
}


def table(column):
    return {row['protocol']: row for row in next(t for t in read_tables(PAGE.read_text()) if column in t[0])}


@pytest.mark.parametrize('protocol', PROTOCOLS)
def test_example_is_what_the_page_says(build_annotations, build_predictions, protocol):
    shown = table('number')[protocol]
    predictions = build_predictions(ROWS.values())
    result = evaluate_detections(predictions, build_annotations(LABELS, FINDINGS), protocol)
    kinds = {
        float(score): 'hit' if tp else 'false' if fp else 'repeat'
        for score, tp, fp in zip(predictions.scores, result.matched.is_tp, result.matched.is_fp)
    }
    assert {letter: shown[letter] for letter in ROWS} == {letter: kinds[row[3]] for letter, row in ROWS.items()}
    name, number = next(iter(result.numbers.items()))
    assert (shown['number'], shown['value']) == (name, f'{number.value:.3f}')


def test_every_protocol_has_its_row():
    assert list(table('number')) == list(table('hit')) == list(PROTOCOLS)
