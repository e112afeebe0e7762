"""Names of images that only their modality tells apart, in every table of predictions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mammo_plugins.evaluation import (
    ImageKey,
    ImagePredictions,
    LabelKey,
    PredictionsError,
    evaluate_detections,
    evaluate_labels,
    exchange_frames,
    gather_labels,
    gather_predictions,
    image_keys,
    read_labels,
    read_predictions,
    write_labels,
    write_predictions,
)
from mammo_plugins.io import AnnotationSet

LCC, LMLO = ('p1', 's1', 'lcc'), ('p1', 's1', 'lmlo')
BOX = np.array([[10.0, 20, 60, 80]])


@pytest.fixture
def annotations(build_annotations):
    """A view in FFDM (malignant, marked) and SM, and another in FFDM alone."""
    built = build_annotations(
        {'p1/s1/lcc': 'malignant', 'p1/s1/lmlo': ''}, [('p1/s1/lcc', (10, 20, 50, 60), 'malignant', 0, None)],
        num_slices=1, modality='FFDM',
    )  # fmt: skip
    synthetic = replace(
        built.images[0], id=9, modality='SM', file_name='sm.dcm', rotated_180=True, labels={'malignant': 0}
    )
    return AnnotationSet([*built.images, synthetic], built.findings, built.info)


def predictions(*keys):
    return gather_predictions(
        ImagePredictions(ImageKey(*key), BOX, [0], [0.5 + 0.1 * n], 0.5) for n, key in enumerate(keys)
    )


def test_modality_is_named_only_where_the_view_is_not_enough(annotations):
    assert image_keys(annotations.images) == ((*LCC, 'FFDM'), (*LMLO, ''), (*LCC, 'SM'))
    assert image_keys(annotations.images[:2]) == ((*LCC, ''), (*LMLO, ''))
    assert [str(key) for key in image_keys(annotations.images)] == ['p1/s1/lcc (FFDM)', 'p1/s1/lmlo', 'p1/s1/lcc (SM)']


def test_column_is_written_only_where_it_is_needed_and_read_back(annotations, tmp_path):
    for keys, expected in ((image_keys(annotations.images), True), ((LCC, LMLO), False)):
        path = tmp_path / 'found.csv'
        write_predictions(path, predictions(*keys))
        assert path.read_text().splitlines()[0].endswith(',Modality') == expected
        assert read_predictions(path).images == tuple(ImageKey(*key) for key in keys)
    with pytest.raises(PredictionsError, match=r'p1/s1/lcc \(FFDM\): a submission has no column for the modality'):
        write_predictions(path, predictions(*image_keys(annotations.images)), boxes_only=True)


def test_box_counts_in_the_image_of_its_modality(annotations):
    counts = evaluate_detections(predictions((*LCC, 'FFDM')), annotations, 'mm3d-2d').counts
    assert (counts['findings_hit'], counts['false_positives']) == (1, 0)
    counts = evaluate_detections(predictions((*LCC, 'SM')), annotations, 'mm3d-2d').counts
    assert (counts['findings_hit'], counts['false_positives']) == (0, 1)


def test_modality_may_be_named_where_it_is_not_needed_and_must_be_right(annotations):
    ffdm = annotations.select(modality='FFDM')
    assert evaluate_detections(predictions((*LMLO, 'FFDM')), ffdm, 'mm3d-2d').counts['false_positives'] == 1
    with pytest.raises(PredictionsError, match=r'p1/s1/lmlo \(SM\), which is not among'):
        evaluate_detections(predictions((*LMLO, 'SM')), ffdm, 'mm3d-2d')
    with pytest.raises(PredictionsError, match='p1/s1/lcc, of which FFDM and SM are evaluated .* column Modality'):
        evaluate_detections(predictions(LCC), annotations, 'mm3d-2d')


def test_only_the_turned_image_is_turned(annotations):
    turned = exchange_frames(predictions((*LCC, 'FFDM'), (*LCC, 'SM')), annotations)
    assert turned.boxes_xywh[:, 0].tolist() == [10, 1000 - 60]


def test_labels_of_both_images_of_a_view_are_kept_apart(annotations, tmp_path):
    rows = [(LabelKey(*LCC, 'FFDM'), {'malignant': 0.9}), (LabelKey(*LCC, 'SM'), {'malignant': 0.2})]
    write_labels(tmp_path / 'labels.csv', gather_labels('View', [*rows, (LabelKey(*LMLO), {'malignant': 0.4})]))
    assert (tmp_path / 'labels.csv').read_text().splitlines()[:2] == [
        'PatientID,StudyUID,View,Modality,malignant', 'p1,s1,lcc,FFDM,0.9',
    ]  # fmt: skip
    found = evaluate_labels(read_labels(tmp_path / 'labels.csv'), annotations)['malignant']
    assert found.counts['evaluated'] == 3 and found.numbers['auc'].value == 1
    joint = gather_labels('View', [(LabelKey(*LCC), {'malignant': 0.9}), (LabelKey(*LMLO), {'malignant': 0.4})])
    assert evaluate_labels(joint, annotations)['malignant'].counts['evaluated'] == 2
