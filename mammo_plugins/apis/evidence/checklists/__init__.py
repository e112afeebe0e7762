"""Reporting checklists, each item marked by what the evidence holds of it."""

from __future__ import annotations

import json
from collections.abc import Collection
from importlib.resources import files
from typing import Any

FILES = ('claim_2024.json', 'stard_ai_2025.json', 'metrics_2024.json')
FILLED, PARTLY, BY_HAND = 'filled', 'partly', 'by hand'


def mark_checklists(sections: Collection[str]) -> list[dict[str, Any]]:
    """Each checklist with its items; an item whose sections are all missing is left to a person.

    Args:
        sections: those that the evidence has, by the anchors of its page.
    """
    return [
        _mark(json.loads(files(__package__).joinpath(name).read_text(encoding='utf-8')), sections) for name in FILES
    ]


def _mark(checklist: dict[str, Any], sections: Collection[str]) -> dict[str, Any]:
    items = []
    for item in checklist['items']:
        there = [name for name in item['sections'] if name in sections]
        missing = [name for name in item['sections'] if name not in sections]
        state = item['state']
        if missing:
            state = BY_HAND if not there else min(state, PARTLY, key=(BY_HAND, PARTLY, FILLED).index)
        rest = [item['rest']] if item['rest'] else []
        rest += [f'left out here: {", ".join(missing)}'] if missing and item['state'] != BY_HAND else []
        items.append({**item, 'state': state, 'sections': there, 'rest': '; '.join(rest)})
    counts = {state: sum(item['state'] == state for item in items) for state in (FILLED, PARTLY, BY_HAND)}
    return {**checklist, 'items': items, 'counts': counts}
