"""Each subgroup by itself, with its size, and whether it differs from all others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mammo_plugins.evaluation import (
    DetectionResult,
    evaluate_label_subgroups,
    evaluate_subgroups,
    subgroup_differences,
)
from mammo_plugins.evaluation.functional import holm_adjusted
from mammo_plugins.evaluation.label_differences import label_subgroup_differences
from mammo_plugins.evaluation.reported_numbers import AUC_BY_PATIENT
from mammo_plugins.evaluation.subgroups import FINDING_GROUPS, IMAGE_GROUPS
from mammo_plugins.io import AnnotationSet

from .plan import EvidencePlan
from .predicted import PredictedList


def subgroup_tables(plan: EvidencePlan, annotations: AnnotationSet, predicted: PredictedList) -> dict[str, Any]:
    """Numbers of each subgroup with intervals, cells that are small, and tests of differences.

    A test asks of each protocol's first number, or of a label's first, whether a subgroup differs from everything else.
    The p-values of all tests of the plan are adjusted together.
    """
    how = dict(bootstrap=plan.content['bootstrap']['replicates'], seed=plan.content['bootstrap']['seed'], lenient=True)
    cells: list[dict[str, Any]] = []
    tests: list[dict[str, Any]] = []
    for by in plan.subgroups:
        sizes = _sizes(annotations, by)
        for protocol in plan.protocols() if predicted.findings is not None else []:
            results = evaluate_subgroups(predicted.findings, annotations, by, protocol, **how)
            cells += [_cell(by, group, protocol.name, result, sizes) for group, result in results.items()]
            found = subgroup_differences(predicted.findings, annotations, by, protocol, **how)
            tests += [
                {'by': by, 'group': group, 'protocol': protocol.name, 'number': _first_number(results), **one.as_dict()}
                for group, one in found.items()
            ]
        for table in predicted.labels if by in IMAGE_GROUPS else []:
            threshold = plan.content['scoring']['label_threshold']
            by_group = evaluate_label_subgroups(
                table, annotations, by, threshold=threshold, allow_unlabelled=True, **how
            )
            cells += [
                {
                    'by': by, 'group': group, 'protocol': f'label of each {table.unit.lower()}: {label}',
                    'numbers': {name: number.as_dict() for name, number in result.numbers.items()}, **sizes[group],
                    'cases': result.counts['cases'],
                }
                for group, labels in by_group.items() for label, result in labels.items()
            ]  # fmt: skip
            for label in table.labels:
                tests += [
                    {'by': by, 'group': group, 'protocol': f'label of each {table.unit.lower()}: {label}', **one}
                    for group, one in label_subgroup_differences(
                        table, annotations, by, label, allow_unlabelled=True, **how
                    ).items()
                ]
    _flag(cells, plan.content['min_cell'])
    for test, adjusted in zip(tests, holm_adjusted([_p_value(test) for test in tests]), strict=True):
        test['p_holm'] = None if np.isnan(adjusted) else float(adjusted)
    return {
        'cells': cells,
        'tests': tests,
        'num_tests': sum(test['p_holm'] is not None for test in tests),
        'min_cell': plan.content['min_cell'],
    }


def _cell(
    by: str, group: str, protocol: str, result: DetectionResult, sizes: Mapping[str, Mapping[str, int]]
) -> dict[str, Any]:
    of_breasts = {'breast_auc': result.breast_auc, AUC_BY_PATIENT: result.breast_numbers[AUC_BY_PATIENT]}
    numbers = result.numbers | ({} if by in FINDING_GROUPS else of_breasts)
    return {
        'by': by,
        'group': group,
        'protocol': protocol,
        'numbers': {name: number.as_dict() for name, number in numbers.items()},
        **sizes[group],
        'to_be_found': result.counts['findings'],
    }


def _sizes(annotations: AnnotationSet, by: str) -> dict[str, dict[str, int]]:
    """Group to how many patients, images and findings it has."""
    members: dict[str, list[tuple[str, int, int]]] = {}
    if by in FINDING_GROUPS:
        for number, finding in enumerate(annotations.findings):
            image = annotations.image(finding.image_id)
            members.setdefault(FINDING_GROUPS[by](finding, image), []).append((image.patient_id, image.id, number))
    else:
        for image in annotations.images:
            of_group = members.setdefault(IMAGE_GROUPS[by](image), [])
            of_group.append((image.patient_id, image.id, len(annotations.findings_of(image.id))))
    return {
        group: {
            'patients': len({patient for patient, _, _ in of_group}),
            'images': len({image for _, image, _ in of_group}),
            'findings': len(of_group) if by in FINDING_GROUPS else sum(findings for _, _, findings in of_group),
        }
        for group, of_group in members.items()
    }


def _flag(cells: list[dict[str, Any]], least: int) -> None:
    """Says of each cell whether it is the smallest of its grouping, too small, or empty."""
    smallest = {by: min(cell['patients'] for cell in cells if cell['by'] == by) for by in {one['by'] for one in cells}}
    for cell in cells:
        flags = ['smallest'] if cell['patients'] == smallest[cell['by']] else []
        flags += [f'fewer than {least} patients'] if cell['patients'] < least else []
        flags += ['empty: no case with this label'] if cell.get('cases') == 0 else []
        cell['flags'] = flags


def _first_number(results: Mapping[str, DetectionResult]) -> str:
    return next(iter(next(iter(results.values())).numbers))


def _p_value(test: Mapping[str, Any]) -> float:
    return float('nan') if test['p_value'] is None else test['p_value']
