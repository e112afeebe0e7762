"""Findings of unknown class: from VinDr's tables to what trains, and what is scored."""

from __future__ import annotations

import pytest

from mammo_plugins.commands.convert_dataset import main
from mammo_plugins.datasets.case_dataset import CaseDataset
from mammo_plugins.evaluation import image_key, truth_from_annotations
from mammo_plugins.io import read_annotations
from tests.datasets.converters.vindr_mammo_release import VindrMammoRelease

NODE = dict(categories=('Suspicious Lymph Node',), birads=None)


@pytest.fixture
def ann_file(tmp_path):
    """Breasts by study: BI-RADS of the breast, and what is marked in its one image."""
    release = VindrMammoRelease(tmp_path / 'vindr')
    for study, birads, findings in (
        ('negative', 1, [NODE]),
        ('benign', 2, [dict(birads=2, box=(80, 20, 120, 90)), NODE]),
        ('cancer', 5, [dict(birads=5, box=(80, 20, 120, 90)), NODE]),
        ('marked', 5, [dict(birads=5)]),
        ('unmarked', 5, [NODE]),
    ):
        image = release.add(study, birads=birads)
        for finding in findings:
            release.add_finding(image, **finding)
    assert main(['vindr-mammo', str(release.write()), str(tmp_path / 'ann.json'), '--validation-share', '0']) == 0
    return tmp_path / 'ann.json'


def cases_of(ann_file, *classes):
    dataset = CaseDataset(str(ann_file), group_by='image', classes=classes)
    return {case['study_uid']: case for case in map(dataset.get_data_info, range(len(dataset)))}


@pytest.mark.parametrize(
    ('classes', 'not_annotated'),
    [
        (('malignant', 'benign'), {'benign', 'cancer', 'unmarked'}),
        (('malignant',), {'cancer', 'unmarked'}),  # in a breast that is not malignant, a node is no cancer
        (('benign',), {'benign', 'cancer', 'unmarked'}),
        (('mass',), {'unmarked'}),  # a node is no mass
        (('any',), {'unmarked'}),
        (('malignant', 'benign', 'other'), {'unmarked'}),
    ],
)
def test_breast_with_a_finding_that_may_be_a_target_trains_no_boxes(ann_file, classes, not_annotated):
    cases = cases_of(ann_file, *classes)
    assert {study for study, case in cases.items() if not case['annotated']} == not_annotated
    assert all(case['annotated'] == case['views'][0]['annotated'] for case in cases.values())


def test_findings_and_images_are_counted(ann_file, monkeypatch):
    assert read_annotations(ann_file).info['counts']['findings_of_unknown_class'] == 4
    told = []
    monkeypatch.setattr('mammo_plugins.datasets.case_dataset._log', told.append)
    cases_of(ann_file, 'malignant', 'benign')
    (line,) = [line for line in told if 'category other' in line]
    assert line.startswith('3 images have findings that may or may not be malignant or benign')


def test_metrics_leave_out_the_same_images(ann_file):
    annotations = read_annotations(ann_file)
    truth = truth_from_annotations(annotations)
    left_out = {key.study_uid for key, is_out in zip(truth.images, truth.unannotated, strict=True) if is_out}
    trained = cases_of(ann_file, 'malignant')
    assert left_out == {study for study, case in trained.items() if not case['annotated']} == {'cancer', 'unmarked'}
    assert left_out == {
        image_key(image).study_uid for image in annotations.images if not annotations.is_annotated(image)
    }


def test_image_of_unknown_malignancy_with_such_a_finding_is_no_background(ann_file):
    annotations = read_annotations(ann_file)
    image = annotations.images[0]
    image.labels.clear()
    assert not annotations.is_annotated(image)
