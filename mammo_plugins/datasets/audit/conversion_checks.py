"""What the conversion of the data set has left out or found odd."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .audit_finding import AuditFinding


def check_conversion(info: Mapping[str, Any]) -> list[AuditFinding]:
    """A note for each row that the converter dropped, and for each that it kept and found odd.

    Args:
        info: of the annotation file; converters list both as ``{'row': where, 'reason': why}``.
    """
    return [
        AuditFinding('conversion', 'note', str(entry.get('row')), f'{what}: {entry.get("reason")}')
        for name, what in (('dropped', 'left out'), ('notes', 'kept, but odd'))
        for entry in _entries(info.get(name))
    ]


def _entries(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
