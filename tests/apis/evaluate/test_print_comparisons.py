"""What the screen says of two models."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from mammo_plugins.apis.evaluate.comparison import print_comparisons
from mammo_plugins.evaluation.compare import ModelComparison
from mammo_plugins.evaluation.functional import PairedDifference


def test_method_and_note_stand_once_each():
    auc = PairedDifference(0.5, 0.75, 0.25, method='DeLong', reason='few breasts')
    recall = PairedDifference(0.25, 0.5, 0.25, 0.125, 0.375, 0.01, method='bootstrap')
    results = {name: ModelComparison(name, {'R@0.25': recall, 'breast_auc': auc}, {}) for name in ('mm3d-2d', 'mm3d')}
    screen = StringIO()
    print_comparisons(results, Console(file=screen, width=200))
    lines = screen.getvalue().splitlines()
    assert 'note: mm3d-2d, mm3d breast_auc: few breasts' in lines
    assert [line for line in lines if line.startswith('note')] == [lines[-1]]
    assert {'R@0.25: bootstrap', 'breast_auc: DeLong'} <= set(lines)
