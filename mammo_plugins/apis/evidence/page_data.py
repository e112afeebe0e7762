"""Sections of the page about what was tested and with what: plan, flow, partition, population, software, lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mammo_plugins.visualization.evidence_page import Links, Mark, PageSection
from mammo_plugins.visualization.flow_diagram import flow_svg

from .checklists import BY_HAND, FILLED, PARTLY
from .partition import BROKEN, NOT_SHOWN, NOTHING_SHARED

_POLICIES = {'exclude': 'excluded', 'miss': 'counted as images without a finding'}
_VERDICTS = {
    NOTHING_SHARED: Mark('Nothing is shared.', 'good'),
    BROKEN: Mark('The partition is broken.', 'bad'),
    NOT_SHOWN: Mark('Could not be shown.', 'middle'),
}
_KINDS = {FILLED: 'good', PARTLY: 'middle', BY_HAND: 'bad'}


def plan_section(evidence: Mapping[str, Any]) -> PageSection:
    """What was fixed before, with its digests."""
    plan = evidence['plan']
    rows = [
        {'Protocol': name, 'Hit': _hit_text(one['hit']), 'To be found': ', '.join(one['targets']),
         'Numbers': ', '.join(number['name'] for number in [*one['numbers'], *one['precisions']]),
         'Source': one['source']}
        for name, one in plan['protocols'].items()
    ]  # fmt: skip
    thresholds = [
        {
            'Protocol': point['protocol'],
            'Threshold': 'none reaches it' if point['score'] is None else f'{point["score"]:.6g}',
            'Chosen for': point['name'],
            'Chosen on': f'{point["split"]} of {point["annotations"]}: {point["num_images"]} images of '
            f'{point["num_patients"]} patients',
        }
        for point in plan['thresholds']
    ]
    bootstrap = plan['bootstrap']
    return PageSection(
        'plan',
        'Plan',
        [
            f'Frozen {plan["frozen"]}, before anything was scored: {len(plan["images"])} images of the split '
            f'{plan["selection"]["split"]} of {plan["annotations"]["file"]}, each with the digest of its '
            f'file.{_scored_note(plan["selection"])}',
            f'Intervals: bootstrap of patients, {bootstrap["replicates"]} replicates, seed {bootstrap["seed"]}; the '
            'AUC of breasts also by DeLong, which takes breasts as independent. Shares of 0 or 1 that no replicate '
            'changes: Clopper-Pearson, where each patient counts once.',
            f'Excluded by rule: {", ".join(plan["exclusions"]["rules"]) or "nothing"}; images that cannot be read are '
            f'{_POLICIES[plan["exclusions"]["unreadable"]]}.',
            _threshold_note(plan, bool(thresholds)),
            f'Annotations {plan["annotations"]["sha256"]}, plan {plan["sha256"]}.',
        ],
        [('Rules of counting', rows), ('Thresholds', thresholds)],
    )  # fmt: skip


def _scored_note(selection: Mapping[str, Any]) -> str:
    return '' if selection['scored'] is None else f' Of these, {selection["scored"]} is scored.'


def _threshold_note(plan: Mapping[str, Any], is_fixed: bool) -> str:
    if not plan['protocols']:
        return f'Labels are called present from a probability of {plan["scoring"]["label_threshold"]:g} on.'
    return (
        f'Thresholds come with the model. {_other_images_note(plan["thresholds"])}'
        if is_fixed
        else 'No threshold is fixed: every prediction counts among the failures.'
    )


def _other_images_note(points: Sequence[Mapping[str, Any]]) -> str:
    """Whether thresholds are known to be of other images; models of before name none."""
    if all(point.get('images_known', 0) == point['num_images'] for point in points):
        return 'They were chosen on other images: no file that they were chosen on is tested.'
    return (
        'Whether they were chosen on other images is not known: the model does not name every image that they were '
        'chosen on.'
    )


def _hit_text(hit: Mapping[str, Any]) -> str:
    where = ', in a slice that shows the finding' if hit['needs_slice'] else ''
    if 'min_iou' in hit:
        return f'IoU of at least {hit["min_iou"]:g}{where}'
    pixels = '' if hit['hit_pixels_of'] == 'own' else f' of the {hit["hit_pixels_of"]} image'
    return f'centre within half the diagonal, at least {hit["min_radius_px"]:g} pixels{pixels}{where}'


def flow_section(flow: Mapping[str, Any]) -> PageSection:
    """How many there were, and why fewer were analysed."""

    def row(name: str, count: Mapping[str, int]) -> dict[str, str]:
        return {'Step': name, **{part: str(count[part]) for part in ('patients', 'studies', 'images')}}

    steps = [
        row(f'Candidates: images of the split {flow["split"]}', flow['candidates']),
        *(row(f'Excluded: {one["reason"]}', one) for one in flow['excluded']),
        row('Analysed', flow['analysed']),
    ]
    keys = ('patients', 'studies', 'images', 'breasts', 'malignant_breasts', 'malignant_findings', 'other_findings')
    splits = [
        {'Split': one['split'], **{key.replace('_', ' '): str(one[key]) for key in keys}} for one in flow['splits']
    ]
    diagram = flow_svg(
        f'Candidates: {_in_words(flow["candidates"])}',
        [f'{one["reason"]}: {one["images"]} images' for one in flow['excluded']],
        f'Analysed: {_in_words(flow["analysed"])}',
    )
    notes = [f'{flow["patients_without_any_image_left"]} patients have no image left.']
    if flow['unreadable_counted_as_missed']:
        notes.append(f'{flow["unreadable_counted_as_missed"]} images cannot be read and count as without a finding.')
    return PageSection(
        'flow',
        'Patient flow',
        notes,
        [('', steps), ('What each split holds', splits)],
        [(diagram, 'Flow of patients and images.')],
    )


def _in_words(count: Mapping[str, int]) -> str:
    return f'{count["patients"]} patients, {count["studies"]} studies, {count["images"]} images'


def unreadable_section(reasons: Sequence[Mapping[str, Any]], policy: str) -> PageSection:
    """Files that could not be read, by reason."""
    rows = [{'Reason': one['reason'], 'Images': str(one['images'])} for one in reasons]
    note = f'Images that cannot be read are {_POLICIES[policy]}.' if rows else 'Every image of the list could be read.'
    return PageSection('unreadable', 'Unreadable files', [note], [('', rows)])


def partition_section(partition: Mapping[str, Any]) -> PageSection:
    """What test list and training share."""
    rows = [
        {
            'Identity': one['identity'],
            'Different ones in the test list': f'{one["in_test"]} ({one["unknown_in_test"]} images do not tell)',
            'In training': f'{one["in_training"]} ({one["unknown_in_training"]} images do not tell)',
            'Shared': _shared_mark(one),
            'Such as': '; '.join(one['examples'][:3]),
        }
        for one in partition['checks']
    ]
    further = ', '.join(one['file'] for one in partition['training_files'])
    notes = [
        f'{partition["tested_images"]} images of the test list against {partition["training_images"]} others: all '
        f'other splits of the annotation file{f", and {further}" if further else ""}.',
        'Another exposure of the same breast under another id is not known again by these.',
    ]
    notes += [f'Not compared: {"; ".join(partition["doubts"])}.'] if partition['doubts'] else []
    return PageSection('partition', 'Partition proof', notes, [('', rows)], verdict=_VERDICTS[partition['verdict']])


def _shared_mark(check: Mapping[str, Any]) -> Mark:
    if check['shared']:
        return Mark(str(check['shared']), 'bad')
    return Mark('0', 'good') if check['in_test'] and check['in_training'] else Mark('nothing to compare', 'middle')


def population_section(tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> PageSection:
    """Who and what was tested."""
    shown = [
        (
            title,
            [{'Value': one['value'], **{part: str(n) for part, n in one.items() if part != 'value'}} for one in rows],
        )
        for title, rows in tables.items()
    ]
    note = 'Unknown is counted as a value. Age and sex are those that DICOM headers state, one a patient.'
    return PageSection('population', 'Population', [note], [(_heading(title), rows) for title, rows in shown])


def _heading(title: str) -> str:
    return title.replace('birads', 'BI-RADS') if title.startswith('birads') else title.capitalize()


def software_section(software: Mapping[str, Any], model: Mapping[str, str]) -> PageSection:
    """What ran."""
    notes = [
        f'{software["file"]} lists {software["components"]} components in CycloneDX form (SHA-256 '
        f'{software["sha256"]}).',
        f'Model {model["name"]} {model["version"]}: {model["digest"]}.',
    ]
    return PageSection('software', 'Software and model', notes)


def checklist_section(checklists: Sequence[Mapping[str, Any]]) -> PageSection:
    """What is filled, and what a person writes."""
    tables, notes = [], ['What "by hand" means: a person writes it; no software knows it.']
    for one in checklists:
        rows = [
            {
                'Item': item['number'],
                'Asks for': item['item'],
                'State': Mark(item['state'], _KINDS[item['state']]),
                'Where': Links(item['sections']),
                'To be added': item['rest'],
            }
            for item in one['items']
        ]
        tables.append((one['title'], rows))
        counts = ', '.join(f'{count} {state}' for state, count in one['counts'].items())
        notes.append(f'{one["title"]}: {counts}. Source: {one["source"]}')
    return PageSection('checklists', 'Reporting checklists', notes, tables)
