"""Every look at a locked test set, in a file beside its plan to which lines are only ever added.

The file belongs to the test list: all plans of a folder whose images are the same have one. A line holds its own
digest and that of the line before, the first that of the list. So no line can be changed, moved or taken out of the
middle without breaking the chain. No chain misses lines that are cut off at its end: the results of each look name its
line (see :func:`require_results`).
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from mammo_plugins.io.canonical_json import digest_of

from .plan import EvidencePlan

LOOK, RESULTS = 'look', 'results'


class LedgerError(ValueError):
    """A ledger is not as it was written."""


def ledger_path(plan: EvidencePlan) -> Path:
    """Where the looks at the test list of a plan are noted."""
    return plan.path.with_name(f'{plan.list_digest[:16]}.ledger.jsonl')


def read_ledger(plan: EvidencePlan) -> list[dict[str, Any]]:
    """All lines, checked; none where nobody has looked.

    Raises:
        LedgerError: the chain is broken; the message says where.
    """
    path = ledger_path(plan)
    return _checked(path.read_bytes(), path, plan) if path.is_file() else []


def count_looks(entries: Sequence[Mapping[str, Any]]) -> int:
    """How often the test set was looked at."""
    return sum(entry['event'] == LOOK for entry in entries)


def note_look(plan: EvidencePlan, who: str) -> dict[str, Any]:
    """Notes that the test set is about to be scored; on disk before this returns.

    Args:
        plan: the plan.
        who: a name that the user gave; never guessed.

    Raises:
        LedgerError: the chain is broken.
    """
    return _append(plan, lambda entries: {'event': LOOK, 'look': count_looks(entries) + 1, 'who': who})


def note_results(plan: EvidencePlan, look: int, sha256: str) -> dict[str, Any]:
    """Notes what came of a look: the digest of the file with the results.

    Raises:
        LedgerError: the chain is broken.
    """
    return _append(plan, lambda _: {'event': RESULTS, 'look': look, 'sha256': sha256})


def require_results(
    entries: Sequence[Mapping[str, Any]], look: Mapping[str, Any], sha256: str, evidence: str | Path, ledger: Path
) -> None:
    """Refuses results that are not those of their look, and a ledger that lacks it.

    Args:
        entries: all lines.
        look: what the results say of their look.
        sha256: digest of the file with the results.
        evidence, ledger: the files, for the message.

    Raises:
        LedgerError: the look is not there (its line was cut off, or it is another ledger), its results were never
            noted, or the file is not the one that was noted.
    """
    number = next((entry['look'] for entry in entries if entry['entry_sha256'] == look['sha256']), None)
    if number is None:
        raise LedgerError(f'{ledger} has no line of look {look["look"]}, of which there are results: lines are missing')
    noted = next((one['sha256'] for one in entries if one['event'] == RESULTS and one['look'] == number), None)
    if noted is None:
        raise LedgerError(f'{ledger} has no line of the results of look {number}: nothing says what {evidence} was')
    if noted != sha256:
        raise LedgerError(
            f'{evidence} was changed after look {number}: it has SHA-256 {sha256[:12]}..., and {ledger} has '
            f'{noted[:12]}...; bring the original back'
        )


def _append(plan: EvidencePlan, make: Any) -> dict[str, Any]:
    """Adds a line; nobody else adds one meanwhile."""
    path = ledger_path(plan)
    with path.open('a+b') as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        entries = _checked(file.read(), path, plan)
        entry = {
            **make(entries),
            'when': datetime.now(timezone.utc).isoformat(timespec='seconds'),
            'plan': plan.digest,
            'model': plan.model_digest,
            'previous': entries[-1]['entry_sha256'] if entries else plan.list_digest,
        }
        entry['entry_sha256'] = digest_of(entry)
        file.write(json.dumps(entry, ensure_ascii=False).encode() + b'\n')
        file.flush()
        os.fsync(file.fileno())
    return entry


def _checked(content: bytes, path: Path, plan: EvidencePlan) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = []
    previous = plan.list_digest
    for number, line in enumerate(content.splitlines(), start=1):
        try:
            entry = json.loads(line)
            told = entry.pop('entry_sha256')
            is_whole = told == digest_of(entry) and entry['previous'] == previous
        except (ValueError, KeyError, TypeError, AttributeError):
            is_whole = False
        if not is_whole:
            raise LedgerError(
                f'{path}: the chain is broken at line {number}, which was changed or moved, or the line before it was '
                'taken out. No further look is noted: bring the original back'
            )
        entries.append({**entry, 'entry_sha256': told})
        previous = told
    if content and not content.endswith(b'\n'):
        raise LedgerError(f'{path}: the chain is broken: its last line is cut off')
    return entries
