"""Counts of who found what as tables, and what the buckets are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from .result_table import Row


def found_title(found_by: Sequence[str], missed_by: Sequence[str]) -> str:
    """Name of a bucket of lesions, such as ``found by SM, missed by FFDM and Fused``."""
    everybody = 'both' if len(found_by) + len(missed_by) == 2 else 'all'
    if not missed_by:
        return f'found by {everybody}'
    return f'found by {listed(found_by)}, missed by {listed(missed_by)}' if found_by else f'missed by {everybody}'


def false_title(seen_by: Sequence[str], not_seen_by: Sequence[str]) -> str:
    """Name of a bucket of views, such as ``false positives of SM alone``."""
    if not seen_by:
        return 'no false positive'
    return f'false positives of {listed(seen_by)}{" alone" if len(seen_by) == 1 else ""}'


def listed(names: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return ' and '.join(filter(None, [', '.join(names[:-1]), names[-1]])) if names else ''


def disagreement_tables(content: Mapping[str, Any]) -> list[tuple[str, list[Row]]]:
    """Captions and rows of the counts.

    Args:
        content: of :meth:`~mammo_plugins.evaluation.disagreements.Disagreements.as_dict`.
    """
    return [
        ('Lesions by who found them', _found_rows(content)),
        ('What others found of that which some missed: lesions / views', _missed_rows(content)),
        ('Views by who has a false positive in them', _false_rows(content['false_positives'])),
    ]


def _found_rows(content: Mapping[str, Any]) -> list[Row]:
    """A row a bucket; a view counts as found where every lesion in it is."""
    lesions, views = content['lesions']['patterns'], content['views']['patterns']
    types = sorted({kind for pattern in lesions for kind in pattern['by_type']})
    rows: list[Row] = [
        {
            'Bucket': found_title(pattern['found_by'], pattern['missed_by']),
            'Lesions': str(pattern['count']),
            'Views': str(of_views['count']),
            **{kind: str(pattern['by_type'].get(kind, 0)) for kind in types},
        }
        for pattern, of_views in zip(lesions, views)
    ]
    total = {kind: str(sum(pattern['by_type'].get(kind, 0) for pattern in lesions)) for kind in types}
    every = {'Lesions': str(content['lesions']['total']), 'Views': str(content['views']['total'])}
    return [*rows, {'Bucket': 'together', **every, **total}]


def _missed_rows(content: Mapping[str, Any]) -> list[Row]:
    """A row for each model and for each two and more: what all of them missed, and who found how much of that."""
    names = list(content['lesions']['missed'])
    rows = []
    for size in range(1, len(names) + 1):
        for missed_by in combinations(names, size):
            row: dict[str, str] = {'Missed by': listed(missed_by)}
            for unit, title in (('lesions', 'Lesions'), ('views', 'Views')):
                row[title] = str(_missed(content[unit], missed_by))
            for name in names:
                counts = [str(_found_of(content[unit], name, missed_by)) for unit in ('lesions', 'views')]
                row[f'found by {name}'] = '' if name in missed_by else ' / '.join(counts)
            rows.append(row)
    return rows


def _missed(summary: Mapping[str, Any], names: Sequence[str]) -> int:
    if len(names) == 1:
        return summary['missed'][names[0]]
    return next(row['count'] for row in summary['missed_by_all_of'] if row['models'] == list(names))


def _found_of(summary: Mapping[str, Any], finder: str, missed_by: Sequence[str]) -> int:
    found = {(row['found_by'], *row['missed_by']): row['count'] for row in summary['found_of_missed']}
    return found.get((finder, *missed_by), 0)


def _false_rows(false_positives: Mapping[str, Any]) -> list[Row]:
    densities = sorted({density for pattern in false_positives['patterns'] for density in pattern['by_density']})
    return [
        {
            'Bucket': false_title(pattern['seen_by'], pattern['not_seen_by']),
            'Views': str(pattern['views']),
            **{f'density {density}': str(pattern['by_density'].get(density, 0)) for density in densities},
        }
        for pattern in false_positives['patterns']
    ]
