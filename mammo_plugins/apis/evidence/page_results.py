"""Sections of the page about what came out: numbers, curves, subgroups, failures, robustness, repeatability, time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mammo_plugins.visualization import PlotCurve, froc_svg, result_curves, roc_svg
from mammo_plugins.visualization.curve_plot import reliability_svg
from mammo_plugins.visualization.evidence_page import Mark, PageSection

from .failures import failure_tables
from .number_text import difference_text, estimate_text, p_text, share_text
from .scoring import ScoredList

_MOST_NUMBERS = 4  # of a subgroup; the json has all


def numbers_section(numbers: Sequence[Mapping[str, Any]]) -> PageSection:
    """Every number."""
    rows = [
        {
            'Protocol': one['protocol'],
            'Number': one['number'],
            'Value': estimate_text(one),
            'Share': share_text(one),
            'Of': one['of'],
            'Method, doubts': '; '.join(filter(None, [one['method'], one['reason']])),
        }
        for one in numbers
    ]
    return PageSection('numbers', 'Numbers', ['Every number with what it rests on; intervals are 95 %.'], [('', rows)])


def curves_section(scored: ScoredList) -> PageSection:
    """FROC and ROC."""
    figures = []
    if scored.findings:
        froc, roc = result_curves({'model': scored.findings})
        figures.append((froc_svg(froc), 'FROC: recall against false positives a volume; bands are 95 % at each point.'))
        if roc:
            figures.append((roc_svg(roc), 'ROC over breasts; dotted: chance.'))
    for unit, results in scored.labels.items():
        for label, result in results.items():
            if result.roc is not None and result.roc.has_both_classes:
                corners = result.roc.vertices()
                curve = {'model': PlotCurve(corners.false_positive_rate, corners.sensitivity)}
                figures.append((roc_svg(curve, f'Sensitivity ({label})'), f'ROC of {label} of each {unit.lower()}.'))
    return PageSection('curves', 'Curves', figures=figures)


def calibration_section(numbers: Sequence[Mapping[str, Any]], scored: ScoredList) -> PageSection:
    """Whether probabilities are shares."""
    figures = []
    if scored.reliability is not None:
        table = scored.reliability
        curve = {'model': PlotCurve(table.mean_probability, table.share_positive)}
        figures.append((reliability_svg(curve, 'Share of malignant breasts'), 'Breasts; dotted: perfectly calibrated.'))
    for unit, results in scored.labels.items():
        for label, result in results.items():
            if result.reliability is not None:
                table = result.reliability
                curve = {'model': PlotCurve(table.mean_probability, table.share_positive)}
                figures.append((reliability_svg(curve, f'Share of {label}'), f'{label} of each {unit.lower()}.'))
    rows = [
        {'Protocol': one['protocol'], 'Number': one['number'], 'Value': estimate_text(one), 'Of': one['of']}
        for one in numbers
        if is_calibration(one['number'])
    ]
    notes = [] if rows else ['The model gives no probabilities of images: there is nothing to calibrate.']
    return PageSection('calibration', 'Calibration', notes, [('', rows)], figures)


def is_calibration(number: str) -> bool:
    """Whether a number is about calibration."""
    return 'Brier' in number or 'calibration' in number or number.endswith((': brier', ': ece'))


def subgroups_section(subgroups: Mapping[str, Any]) -> PageSection:
    """Groups, their sizes, and tests of differences."""
    tests = [
        {
            'Group': f'{one["by"]}: {one["group"]}',
            'Protocol': one['protocol'],
            'Number': one['number'],
            'Rest': 'n/a' if one['first'] is None else f'{one["first"]:.3f}',
            'Group less rest': difference_text(one),
            'p': p_text(one['p_value']),
            'p, Holm': p_text(one['p_holm']),
            'Doubts': one['reason'],
        }
        for one in subgroups['tests']
    ]
    tables = [
        (protocol, [_cell_row(one) for one in subgroups['cells'] if one['protocol'] == protocol])
        for protocol in dict.fromkeys(one['protocol'] for one in subgroups['cells'])
    ]
    if not tables:
        return PageSection('subgroups', 'Subgroups', ['No subgroup is planned.'])
    notes = [
        f'The smallest cell of each grouping and cells of fewer than {subgroups["min_cell"]} patients are flagged: '
        'their numbers say little.',
        f'Differences were tested {subgroups["num_tests"]} times (of two groups, once); "p, Holm" is adjusted for all '
        'of these. A test that finds nothing in a small cell shows nothing.',
    ]
    return PageSection('subgroups', 'Subgroups', notes, [*tables, ('Each group against everything else', tests)])


def _cell_row(cell: Mapping[str, Any]) -> dict[str, str | Mark]:
    return {
        'Group': f'{cell["by"]}: {cell["group"]}',
        'Patients': str(cell['patients']),
        'Images': str(cell['images']),
        'Findings': str(cell['findings']),
        'Flag': Mark(', '.join(cell['flags']), 'middle') if cell['flags'] else '',
        **{
            'Breast AUC' if name == 'breast_auc' else name: estimate_text(number)
            for name, number in list(cell['numbers'].items())[:_MOST_NUMBERS]
        },
    }


def failures_section(failures: Mapping[str, Any] | None, drawn: Mapping[str, Any]) -> PageSection:
    """Worst misses and false marks."""
    if failures is None:
        return PageSection('failures', 'Worst failures', ['The model gives no findings: none can be missed or false.'])
    threshold = failures['threshold']
    notes = [
        f'Under {failures["protocol"]}, '
        + ('without a threshold.' if threshold is None else f'at the threshold {threshold:.6g}.'),
        ', '.join(f'{count} {name.removeprefix("worst ")}' for name, count in failures['counts'].items()) + ' in all.',
        *drawn['notes'],
    ]
    return PageSection(
        'failures', 'Worst failures', notes, failure_tables(dict(failures)), buckets=drawn['pictures']
    )  # fmt: skip


def robustness_section(changes: Any) -> PageSection:
    """What changed images do to the numbers."""
    if isinstance(changes, Mapping):
        return PageSection('robustness', 'Robustness', [f'Not measured: {changes["not_done"]}.'])
    tables, notes = [], ['Each image is changed as it was read, before the model crops and resizes it.']
    for change in changes:
        if 'not_done' in change:
            notes.append(f'{change["meaning"]}. Not measured: {change["not_done"]}.')
            continue
        rows = [
            {
                'Protocol': one['protocol'],
                'Number': one['number'],
                'As they are': '' if one['first'] is None else f'{one["first"]:.3f}',
                'Changed': '' if one['second'] is None else f'{one["second"]:.3f}',
                'Difference, paired interval': difference_text(one),
                'Doubts': one['reason'],
            }
            for one in change['differences']
        ]
        tables.append((f'{change["meaning"].capitalize()} ({change["images"]} images)', rows))
    return PageSection('robustness', 'Robustness', notes, tables)


def repeatability_section(found: Mapping[str, Any]) -> PageSection:
    """How far the same images get other scores."""
    if not found.get('runs'):
        return PageSection('repeatability', 'Repeatability', [f'Not measured: {found["not_done"]}.'])
    rows = [
        {
            'Predicted': one['run'],
            'Scores of findings': _gap(one['score']),
            'Scores of images': _gap(one['image_score']),
            'Labels': _gap(one['label']),
            'Images with another number of findings': str(one['other_number']),
        }
        for one in found['runs']
    ]
    notes = [f'{found["images"]} images on {found["device"]}; largest differences of scores.']
    notes += [f'{found["not_done"].capitalize()}.'] if found['not_done'] else []
    return PageSection('repeatability', 'Repeatability', notes, [('', rows)])


def _gap(value: float | None) -> str:
    return '' if value is None else f'{value:.3g}'


def run_time_section(found: Mapping[str, Any]) -> PageSection:
    """Seconds a study."""
    if 'not_done' in found:
        return PageSection('run-time', 'Run time', [f'Not measured: {found["not_done"]}.'])
    low, high = found['quartiles_s']
    note = (
        f'{found["studies"]} studies on {found["device"]} ({found["processor"]}, {found["cores"]} cores), one case at '
        f'a time, reading included: median {found["median_s"]:.2f} s a study, middle half {low:.2f} to {high:.2f} s, '
        f'slowest {found["slowest_s"]:.2f} s.'
    )
    return PageSection('run-time', 'Run time', [note])
