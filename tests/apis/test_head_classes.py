"""Classes of the data against those of the heads."""

from __future__ import annotations

import pytest
from mmengine.config import Config

import mammo_plugins.registration  # noqa: F401  reading a config does so
from mammo_plugins.apis.head_classes import check_head_classes


def config(classes, **model):
    data = dict(type='CaseDataset', classes=classes)
    return Config(dict(model=model, train_dataloader=dict(dataset=data)))


def test_equal_numbers_pass():
    check_head_classes(config(['a', 'b'], bbox_head=dict(num_classes=2), rpn_head=dict(num_classes=1)))


@pytest.mark.parametrize(
    ('model', 'path'),
    [
        (dict(bbox_head=dict(num_classes=80)), 'model.bbox_head'),
        (dict(roi_head=dict(bbox_head=[dict(num_classes=1), dict(num_classes=2)])), 'model.roi_head.bbox_head.1'),
        (dict(detector=dict(roi_head=dict(mask_head=dict(num_classes=3)))), 'model.detector.roi_head.mask_head'),
    ],
)
def test_the_head_that_differs_is_named(model, path):
    with pytest.raises(ValueError, match=rf'1 target classes \(malignant\), but {path}.num_classes is \d+'):
        check_head_classes(config(['malignant'], **model))


def test_data_sets_in_wrappers_are_found():
    cfg = config(['malignant'], bbox_head=dict(num_classes=2))
    parts = [cfg.train_dataloader.dataset, dict(type='CaseDataset', classes=['malignant', 'benign'])]
    cfg.train_dataloader.dataset = dict(type='ConcatDataset', datasets=parts)
    with pytest.raises(ValueError, match=r'train_dataloader\.dataset\.datasets\.0\.classes has 1'):
        check_head_classes(cfg)


def test_splits_have_the_same_classes():
    cfg = config(['malignant'], bbox_head=dict(num_classes=1))
    cfg.val_dataloader = dict(dataset=dict(type='CaseDataset', classes=['benign']))
    with pytest.raises(
        ValueError, match=r'val_dataloader\.dataset\.classes is benign, but train_dataloader.* is malignant'
    ):
        check_head_classes(cfg)


def test_findings_from_maps_need_the_classes_of_the_data():
    model = dict(label_names=['benign', 'malignant'], map_findings=dict(threshold=0.5))
    check_head_classes(config(['benign', 'malignant'], **model))
    check_head_classes(config(['malignant'], **dict(model, map_findings=None)))
    with pytest.raises(ValueError, match=r'classes is malignant, but model\.map_findings takes'):
        check_head_classes(config(['malignant'], **model))


@pytest.mark.parametrize(
    'model',
    [
        dict(type='MammogramDetector', detector=dict(bbox_head=dict(num_classes=2))),
        dict(roi_head=dict(bbox_head=[dict(type='SliceDIIHead', num_classes=2)])),
    ],
)
def test_malignant_class_is_the_one_of_that_name(model):
    check_head_classes(config(['malignant', 'benign'], **model))
    check_head_classes(config(['mass', 'calcification'], **model))
    with pytest.raises(ValueError, match=r'malignant_class is 0, which is benign: set it to 1'):
        check_head_classes(config(['benign', 'malignant'], **model))
    check_head_classes(config(['benign', 'malignant'], type='MammogramDetector', malignant_class=1))
