"""The tables of docs/audit.md are those of the code."""

from __future__ import annotations

from mammo_plugins.datasets.audit import CHECKS, threshold_meanings
from tests.markdown_tables import read_tables


def table_with(repository, column):
    return next(rows for rows in read_tables((repository / 'docs/audit.md').read_text()) if column in rows[0])


def test_every_check_is_documented(repository):
    shown = {row['check'].strip('`'): row['looks at'] for row in table_with(repository, 'check')}
    assert shown == {name: check.looks_at for name, check in CHECKS.items()}


def test_every_threshold_is_documented_with_its_default(repository):
    shown = {
        row['threshold'].strip('`'): (float(row['default']), row['meaning'])
        for row in table_with(repository, 'threshold')
    }
    assert shown == threshold_meanings()
