"""How far two predictions are apart, and which runs are compared."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mammo_plugins.apis.evidence.predicted import PredictedList
from mammo_plugins.apis.evidence.repeatability import largest_differences, measure_repeatability
from mammo_plugins.evaluation import ImageKey, ImagePredictions, LabelKey, LabelPredictions, gather_predictions
from mammo_plugins.io import AnnotationSet, ImageRecord

BOX = np.array([[0, 0, 5, 5], [10, 10, 15, 15]], float)


def findings(*images):
    """Predictions of ``(name, scores, image score)``."""
    parts = [
        ImagePredictions(ImageKey('p', 's', name), BOX[: len(scores)], np.zeros(len(scores)), np.array(scores), image)
        for name, scores, image in images
    ]
    return PredictedList(gather_predictions(parts))


def labels(*values):
    keys = tuple(LabelKey('p', 's', name) for name in 'LR')
    return PredictedList(None, [LabelPredictions('Side', keys, {'malignant': np.array(values)})])


@pytest.mark.parametrize(
    ('first', 'second', 'expected'),
    [
        ([('a', [0.5, 0.2], 0.5)], [('a', [0.5, 0.2], 0.5)], (0, 0, 0)),
        ([('a', [0.5, 0.2], 0.5)], [('a', [0.2, 0.5], 0.5)], (0, 0, 0)),  # the order says nothing
        ([('a', [0.5], 0.5), ('b', [0.1], 0.2)], [('b', [0.4], 0.1), ('a', [0.5], 0.5)], (0.3, 0.1, 0)),
        ([('a', [0.5], 0.5)], [('a', [0.5, 0.1], 0.5)], (None, 0, 1)),
        ([('a', [], 0.5)], [('a', [0.1], 0.25)], (None, 0.25, 1)),
    ],
)
def test_case_table(first, second, expected):
    found = largest_differences(findings(*first), findings(*second))
    assert (found['score'], found['image_score'], found['other_number']) == pytest.approx(expected)


def test_labels_are_compared_case_by_case():
    assert largest_differences(labels(0.1, 0.5), labels(0.2, 0.5))['label'] == pytest.approx(0.1)


class Recorder:
    """Stands for a model on a device, and remembers how it was asked."""

    def __init__(self, device, asked):
        self.device, self.asked = SimpleNamespace(type=device), asked

    def predict(self, annotations, *, batch_size=1, title=''):
        self.asked.append((self.device.type, batch_size, len(annotations.images)))
        return findings(('a', [0.5], 0.5))

    def on(self, device):
        return Recorder(device, self.asked)


@pytest.mark.parametrize(
    ('device', 'has_gpu', 'other'), [('cpu', False, None), ('cpu', True, 'cuda'), ('cuda', True, 'cpu')]
)
def test_the_other_kind_of_device_is_asked_where_there_is_one(device, has_gpu, other, monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: has_gpu)
    images = [
        ImageRecord(id=n, file_name=f'{n}', width=1, height=1, num_slices=1, patient_id=f'p{n // 4}', study_uid='s',
                    view='L-CC', modality='FFDM')
        for n in range(12)
    ]  # fmt: skip
    asked = []
    found = measure_repeatability(AnnotationSet(images, []), Recorder(device, asked), most_images=9)
    wanted = [(device, 1, 8), (device, 1, 8), (device, 2, 8)]  # whole studies
    assert asked == wanted + ([(other, 1, 8)] if other else [])
    assert [run['run'] for run in found['runs']][2:] == ([f'on {other}'] if other else [])
    assert bool(found['not_done']) == (other is None)
