"""Means over vendors: the values are those of the groups, the intervals those of patients drawn from all groups."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from mammo_plugins.commands import evaluate as evaluate_command
from mammo_plugins.evaluation import (
    LabelKey,
    average_detections,
    average_labels,
    evaluate_label_subgroups,
    evaluate_subgroups,
    gather_labels,
    write_labels,
    write_predictions,
)
from mammo_plugins.evaluation.functional import draw_patients
from mammo_plugins.io import write_annotations

BOX = (100, 100, 40, 40)
VENDORS = {'p1': 'A', 'p2': 'A', 'p3': 'A', 'p4': 'B', 'p5': 'B', 'p6': 'C'}
HIT = ('p1', 'p2', 'p4')
MEANS = {'seen': ('A', 'B'), 'unseen': ('C',)}


@pytest.fixture(name='cohort')
def cohort_fixture(build_annotations, build_predictions):
    """Six patients of three vendors with one mass each; three masses are hit, nothing else is found.

    The lower view of p3, which shows nothing, is from vendor B.
    """
    names = [f'{patient}/s1/lcc' for patient in VENDORS]
    findings = [(name, BOX, 'malignant', 20, (15, 25)) for name in names]
    annotations = build_annotations(dict.fromkeys(names, 'malignant') | {'p3/s1/rmlo': ''}, findings)
    vendors = [*VENDORS.values(), 'B']
    annotations.images[:] = [
        replace(image, manufacturer=vendor) for image, vendor in zip(annotations.images, vendors, strict=True)
    ]
    return build_predictions([(f'{patient}/s1/lcc', BOX, 20, 0.9) for patient in HIT]), annotations


def test_values_are_the_means_of_the_groups(cohort):
    groups = evaluate_subgroups(*cohort, 'manufacturer', 'coco')
    means = average_detections(*cohort, 'manufacturer', MEANS, 'coco')
    assert list(means) == ['seen', 'unseen'] and means['seen'].groups == ('A', 'B')
    for name in ('AP', 'AP50', 'AP25'):
        expected = np.mean([groups[group].numbers[name].value for group in 'AB'])
        assert means['seen'].numbers[name].value == pytest.approx(expected)
        assert means['unseen'].numbers[name].value == 0
    recalls = average_detections(*cohort, 'manufacturer', MEANS, 'mm3d')['seen'].numbers
    assert recalls['R@0.25'].value == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert not recalls['R@0.25'].has_interval


def test_interval_is_that_of_patients_drawn_from_all_groups(cohort):
    draws = draw_patients(6, 200, np.random.default_rng(3))
    patients = list(VENDORS)
    replicates = []
    for counts in draws:
        of_group = []
        for vendor in 'AB':
            mine = [i for i, patient in enumerate(patients) if VENDORS[patient] == vendor]
            findings = sum(counts[i] for i in mine)
            hits = sum(counts[i] for i in mine if patients[i] in HIT)
            of_group.append(hits / findings if findings else np.nan)
        replicates.append(np.mean(of_group))
    defined = [value for value in replicates if not np.isnan(value)]
    found = average_detections(*cohort, 'manufacturer', MEANS, 'mm3d', bootstrap=200, seed=3)['seen'].numbers['R@0.25']
    assert 0 < 200 - len(defined) and f'undefined in {200 - len(defined)} replicates' in found.reason
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(defined, (0.025, 0.975))))
    assert found.standard_error == pytest.approx(np.std(defined, ddof=1))


def test_number_that_a_group_lacks_has_no_mean(cohort):
    auc = average_detections(*cohort, 'manufacturer', MEANS)['unseen'].numbers['breast_auc']
    assert np.isnan(auc.value) and auc.reason.startswith('C: ')


@pytest.mark.parametrize(
    ('by', 'averages', 'message'),
    [
        ('manufacturer', {'seen': ('A', 'Z')}, "no evaluated image has the manufacturer 'Z'"),
        ('manufacturer', {'seen': ('A', 'A')}, 'each once'),
        ('size', {'small': ('up to 10 mm',)}, "not by 'size'"),
    ],
)
def test_unusable_means_are_refused(cohort, by, averages, message):
    with pytest.raises(ValueError, match=message):
        average_detections(*cohort, by, averages)


@pytest.fixture(name='labelled')
def labelled_fixture(cohort):
    _, annotations = cohort
    rng = np.random.default_rng(0)
    rows = []
    for image in annotations.images:
        high = float(rng.uniform())
        key = LabelKey(image.patient_id, image.study_uid, image.view_name)
        rows.append((key, {'density=A/B': 1 - high, 'density=C/D': high}))
    annotations.images[:] = [
        replace(image, labels=image.labels | {'density': 'ABCD'[number % 4]})
        for number, image in enumerate(annotations.images)
    ]
    return gather_labels('View', rows), annotations


def test_means_of_labels(labelled):
    groups = evaluate_label_subgroups(*labelled, 'manufacturer')
    means = average_labels(*labelled, 'manufacturer', MEANS, bootstrap=50)
    expected = np.mean([groups[group]['density'].numbers['accuracy'].value for group in 'AB'])
    found = means['seen']['density'].numbers['accuracy']
    assert found.value == pytest.approx(expected) and found.low <= found.value <= found.high


def test_command_writes_groups_and_means(cohort, labelled, tmp_path, capsys):
    predictions, annotations = cohort[0], labelled[1]
    write_annotations(tmp_path / 'ann.json', annotations)
    write_predictions(tmp_path / 'found.csv', predictions)
    write_labels(tmp_path / 'labels.csv', labelled[0])
    common = ['--ann', str(tmp_path / 'ann.json'), '--by', 'manufacturer', '--bootstrap', '20']
    means = ['--average', 'seen=A, B', '--average', 'unseen=C']
    for name, kinds in (('found', ['coco']), ('labels', ['density'])):
        protocol = ['--protocol', 'coco'] if name == 'found' else []
        out = tmp_path / f'{name}.json'
        assert (
            evaluate_command.main([str(tmp_path / f'{name}.csv'), *common, *protocol, *means, '--json', str(out)]) == 0
        )
        results = json.loads(out.read_text())['results']
        assert set(results) == {f'{group}/{kind}' for group in ('A', 'B', 'C', 'seen', 'unseen') for kind in kinds}
        assert results[f'seen/{kinds[0]}']['groups'] == ['A', 'B']
    assert 'seen (coco): mean over A, B' in capsys.readouterr().out
    assert evaluate_command.main([str(tmp_path / 'found.csv'), *common, '--average', 'A=B']) == 2
    assert "the mean 'A' has the name of a group" in capsys.readouterr().err
    assert evaluate_command.main([str(tmp_path / 'found.csv'), *common, '--average', 'seen']) == 2
    assert 'NAME=GROUP' in capsys.readouterr().err
