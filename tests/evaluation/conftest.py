"""Builders of small annotation sets and predictions.

An image is called ``patient/study/view``, for example ``p1/s1/lcc``; a DBT volume of 40 slices unless said otherwise.
"""

from __future__ import annotations

import numpy as np
import pytest

from mammo_plugins.evaluation import ImageKey, ImagePredictions, gather_predictions
from mammo_plugins.io import AnnotationSet, FindingRecord, ImageRecord
from mammo_plugins.structures import ViewKey


def build_annotations(images, findings=(), num_slices=40, modality='DBT'):
    """Annotations from ``{name: labels}`` and ``[(name, xywh, category, slice, range)]``.

    ``labels`` is ``'malignant'``, ``'benign'`` or ``''``.
    """
    ids = {name: number for number, name in enumerate(images, start=1)}
    records = []
    for name, label in images.items():
        patient, study, view = name.split('/')
        record = ImageRecord(
            id=ids[name], file_name=f'{name}.dcm', width=1000, height=2000, num_slices=num_slices, patient_id=patient,
            study_uid=study, view=str(ViewKey.parse(view)), view_name=view, modality=modality, split='test',
            labels={'malignant': int(label == 'malignant'), 'benign': int(label == 'benign')},
        )  # fmt: skip
        records.append(record)
    found = [
        FindingRecord(image_id=ids[name], category=category, bbox_xywh=box, slice_index=index, slice_range=visible)
        for name, box, category, index, visible in findings
    ]
    return AnnotationSet(records, found, {'root': ''})


def build_predictions(rows, image_scores=None):
    """Predictions from ``[(name, xywh, slice, score)]`` and optionally ``{name: probability}``."""
    by_image = {}
    for name, box, index, score in rows:
        by_image.setdefault(name, []).append((box, index, score))
    parts = []
    for name, found in by_image.items():
        boxes = np.asarray([box for box, _, _ in found], float)
        boxes[:, 2:] += boxes[:, :2]
        slices, scores = (np.asarray([entry[i] for entry in found], float) for i in (1, 2))
        image_score = None if image_scores is None else image_scores[name]
        parts.append(ImagePredictions(ImageKey(*name.split('/')), boxes, slices, scores, image_score))
    return gather_predictions(parts)


@pytest.fixture(scope='session', name='build_annotations')
def build_annotations_fixture():
    return build_annotations


@pytest.fixture(scope='session', name='build_predictions')
def build_predictions_fixture():
    return build_predictions
