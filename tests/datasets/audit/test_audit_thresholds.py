from __future__ import annotations

import subprocess
import sys

import pytest

from mammo_plugins.datasets.audit import CHECKS, AuditFinding, AuditThresholds, threshold_meanings, worst_first
from mammo_plugins.datasets.audit.check_catalogue import HEADERS, PIXELS, RECORDS


@pytest.mark.parametrize(
    ('limits', 'message'),
    [
        (dict(min_box_mm=-1.0), 'min_box_mm is -1.0: expected a number from 0'),
        (dict(min_contrast=float('nan')), 'min_contrast is nan'),
        (dict(min_box_mm=9.0, max_box_mm=8.0), 'min_box_mm is 9.0, above max_box_mm, which is 8.0'),
    ],
)
def test_impossible_thresholds_are_refused(limits, message):
    with pytest.raises(ValueError, match=message):
        AuditThresholds(**limits)


def test_every_threshold_says_what_it_means():
    assert all(meaning for _, meaning in threshold_meanings().values())


def test_unknown_severity_is_refused():
    with pytest.raises(ValueError, match="unknown severity 'bad': expected one of note, warning, error"):
        AuditFinding('slice', 'bad', 'here', 'so')


def test_worst_come_first_and_keep_their_order():
    findings = [AuditFinding('slice', severity, where, '') for severity, where in
                (('note', 'a'), ('error', 'b'), ('warning', 'c'), ('error', 'd'))]  # fmt: skip
    assert [finding.where for finding in worst_first(findings)] == ['b', 'd', 'c', 'a']


def test_every_check_has_a_title_advice_and_something_to_look_at():
    assert all(check.title and check.advice for check in CHECKS.values())
    assert {check.looks_at for check in CHECKS.values()} == {RECORDS, HEADERS, PIXELS}


def test_package_is_imported_without_torch():
    code = (
        'import sys, mammo_plugins.apis.audit; print([n for n in ("torch", "mmengine", "mmdet") if n in sys.modules])'
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == '[]'
