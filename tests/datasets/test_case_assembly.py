from pathlib import Path

import numpy as np

from mammo_plugins.datasets.annotated_image import AnnotatedImage
from mammo_plugins.datasets.case_assembly import describe_case
from mammo_plugins.datasets.grouping import group_cases
from mammo_plugins.datasets.targets import Targets
from mammo_plugins.io.coco_volume import FindingRecord, ImageRecord


def image(number, view, malignant, *findings):
    record = ImageRecord(
        id=number, file_name='x.dcm', width=90, height=120, num_slices=30, patient_id='P', study_uid='S', view=view,
        modality='DBT', labels={'malignant': malignant},
    )  # fmt: skip
    return AnnotatedImage(record, findings, Path('x.dcm'))


MALIGNANT = FindingRecord(0, 'malignant', (10.5, 20, 5, 6), 12, (10, 15), 'a')
BENIGN = FindingRecord(0, 'benign', (1, 2, 3, 4), None)


def describe(*images, classes=('malignant',)):
    (group,) = group_cases(images)
    return describe_case(group, Targets(classes))


def test_other_categories_are_background():
    view = describe(image(1, 'L-CC', 1, BENIGN, MALIGNANT))['views'][0]
    np.testing.assert_array_equal(view['gt_bboxes'], [[10.5, 20, 15.5, 26]])
    assert view['gt_bboxes'].dtype == np.float32
    assert view['gt_bboxes_labels'].tolist() == [0] and view['gt_lesion_ids'] == ['a']
    assert view['gt_slices'].tolist() == [12] and view['gt_slice_ranges'].tolist() == [[10, 15]]


def test_labels_follow_the_order_of_the_classes():
    view = describe(image(1, 'L-CC', 1, BENIGN, MALIGNANT), classes=('benign', 'malignant'))['views'][0]
    assert view['gt_bboxes_labels'].tolist() == [0, 1]
    assert view['gt_slices'].tolist() == [-1, 12] and view['gt_slice_ranges'].tolist() == [[-1, -1], [10, 15]]
    assert view['gt_lesion_ids'] == ['', 'a']


def test_view_without_findings_has_arrays_of_no_rows():
    view = describe(image(1, 'R-CC', 0))['views'][0]
    shapes = [view[key].shape for key in ('gt_bboxes', 'gt_bboxes_labels', 'gt_slices', 'gt_slice_ranges')]
    assert shapes == [(0, 4), (0,), (0,), (0, 2)]
    assert view['ori_shape'] == (120, 90) and view['num_source_slices'] == 30


def flags(case):
    return case['annotated'], [view['annotated'] for view in case['views']], case['gt_malignancy']


def test_malignant_breast_without_any_box_is_not_annotated():
    assert flags(describe(image(1, 'L-CC', 1), image(2, 'L-MLO', 1))) == (False, [False, False], 1)
    assert flags(describe(image(1, 'L-CC', 0), image(2, 'L-MLO', 1))) == (False, [False, False], 1)


def test_malignant_view_without_a_box_in_an_annotated_breast_is_not_annotated():
    assert flags(describe(image(1, 'L-CC', 1, MALIGNANT), image(2, 'L-MLO', 1))) == (True, [True, False], 1)


def test_lesion_free_view_of_a_malignant_breast_is_annotated():
    assert flags(describe(image(1, 'L-CC', 1, MALIGNANT), image(2, 'L-MLO', 0))) == (True, [True, True], 1)


def test_case_of_a_repeat_has_the_label_of_its_breast():
    images = [image(1, 'L-CC', 1, MALIGNANT), image(2, 'L-MLO', 1, MALIGNANT), image(3, 'L-XCCL', 0)]
    first, second = (describe_case(group, Targets()) for group in group_cases(images))
    assert (second['case_id'], second['gt_malignancy'], second['annotated']) == ('P/S/L#2', 1, True)
    assert second['views'][0]['malignant'] == 0 and second['views'][0]['annotated']
