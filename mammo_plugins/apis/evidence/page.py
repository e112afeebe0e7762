"""Evidence in words, tables and plots: its page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mammo_plugins.visualization.evidence_page import PageSection, write_evidence_page

from .page_data import (
    checklist_section,
    flow_section,
    partition_section,
    plan_section,
    population_section,
    software_section,
    unreadable_section,
)
from .page_results import (
    calibration_section,
    curves_section,
    failures_section,
    is_calibration,
    numbers_section,
    repeatability_section,
    robustness_section,
    run_time_section,
    subgroups_section,
)


@dataclass(frozen=True)
class EvidencePage:
    """What the page shows.

    Attributes:
        title: its heading.
        notes: sentences at its top.
        sections: in order.
    """

    title: str
    notes: Sequence[str]
    sections: Sequence[PageSection]

    def write(self, path: str | Path) -> Path:
        """Writes the HTML file."""
        return write_evidence_page(path, self.title, self.notes, self.sections)


def present_sections(evidence: Mapping[str, Any]) -> set[str]:
    """The anchors of sections that say something."""
    there = {'plan', 'flow', 'partition', 'population', 'numbers', 'curves', 'unreadable', 'software', 'checklists'}
    there |= {'subgroups'} if evidence['subgroups']['cells'] else set()
    there |= {'failures'} if evidence['failures'] else set()
    there |= {'calibration'} if any(is_calibration(one['number']) for one in evidence['numbers']) else set()
    for name in ('robustness', 'repeatability', 'run_time'):
        found = evidence[name]
        parts = found if isinstance(found, list) else [found]
        if parts and not all(part.get('not_done') and not part.get('runs') for part in parts):
            there.add(name.replace('_', '-'))
    return there


def evidence_sections(evidence: Mapping[str, Any], drawn: Mapping[str, Any]) -> EvidencePage:
    """The page of some evidence.

    Args:
        evidence: what ``evidence.json`` holds.
        drawn: results with their curves, pictures, and notes on these.
    """
    plan, look = evidence['plan'], evidence['look']
    model = plan['model']
    who = f' by {look["who"]}' if look['who'] else ''
    notes = [
        f'Model {model["name"]} {model["version"]} ({model["digest"][:12]}), plan {plan["sha256"][:12]} of '
        f'{plan["frozen"]}, {evidence["signature"]}.',
        f'Look {look["look"]} at this test list by the ledger beside the plan, {look["when"]}{who}; line '
        f'{look["sha256"][:12]} of it.',
    ]
    sections = [
        plan_section(evidence),
        flow_section(evidence['flow']),
        unreadable_section(evidence['unreadable'], plan['exclusions']['unreadable']),
        partition_section(evidence['partition']),
        population_section(evidence['population']),
        numbers_section(evidence['numbers']),
        curves_section(drawn['scored']),
        calibration_section(evidence['numbers'], drawn['scored']),
        subgroups_section(evidence['subgroups']),
        failures_section(evidence['failures'], drawn),
        robustness_section(evidence['robustness']),
        repeatability_section(evidence['repeatability']),
        run_time_section(evidence['run_time']),
        software_section(evidence['software'], model),
        checklist_section(evidence['checklists']),
    ]
    return EvidencePage(f'Evidence of {model["name"]} {model["version"]}', notes, sections)
