import math
from dataclasses import replace
from pathlib import Path

import pytest

from mammo_plugins.datasets.annotated_image import (
    AnnotatedImage,
    breast_malignancy,
    read_annotation_files,
    select_images,
)
from mammo_plugins.datasets.targets import Targets
from mammo_plugins.io.coco_volume import AnnotationSet, FindingRecord, ImageRecord, write_annotations


def image(malignant=None, finding=None):
    record = ImageRecord(
        id=1, file_name='x', width=9, height=9, num_slices=1, patient_id='P', study_uid='S', view='L-CC',
        modality='FFDM', labels={} if malignant is None else {'malignant': malignant},
    )  # fmt: skip
    findings = () if finding is None else (FindingRecord(1, finding, (0, 0, 1, 1)),)
    return AnnotatedImage(record, findings, Path('x'))


@pytest.mark.parametrize(
    ('images', 'malignancy', 'annotated'),
    [
        ([image(0), image(0)], 0, True),
        ([image(0, 'benign')], 0, True),
        ([image(1, 'malignant'), image(1)], 1, True),
        ([image(1), image(1)], 1, False),
        ([image(1, 'benign'), image(1)], 1, False),
        ([image(0), image(1)], 1, False),
        ([image(None, 'malignant')], 1, True),
        ([image(None), image(1, 'malignant')], 1, True),
        ([image(None), image(0)], math.nan, True),
        ([image(None)], math.nan, True),
    ],
)
def test_labels_of_a_breast(images, malignancy, annotated):
    assert breast_malignancy(images) == pytest.approx(malignancy, nan_ok=True)
    assert Targets().is_annotated(images) is annotated


def test_missing_file_names_the_commands_that_make_it(tmp_path):
    with pytest.raises(FileNotFoundError) as error:
        read_annotation_files([str(tmp_path / 'none.json')])
    assert 'none.json does not exist' in str(error.value)
    assert 'tools/make_phantoms.py' in str(error.value) and 'tools/convert_dataset.py' in str(error.value)


def test_empty_selection_says_what_there_is(release):
    with pytest.raises(ValueError, match=r"modality='SM', split='test'.* 4 of DBT/validation, 8 of FFDM/train"):
        select_images(read_annotation_files([release.path]), 'SM', 'test')


def test_selection_and_paths(release):
    images = select_images(read_annotation_files([release.path]), 'DBT', 'train')
    assert len(images) == 8 and all(image.path.is_file() for image in images)
    assert [len(image.findings) for image in images] == [1, 1, 1, 0, 0, 0, 0, 0]


def test_ids_of_joined_files_stay_apart(release, tmp_path):
    other = [
        replace(image, patient_id='other', file_name=str(release.folder / image.file_name)) for image in release.images
    ]
    write_annotations(tmp_path / 'other.json', AnnotationSet(other, release.findings, {'root': '.'}))
    images = select_images(read_annotation_files([release.path, str(tmp_path / 'other.json')]))
    assert len({image.record.id for image in images}) == 2 * len(release.images)
    assert [image.record.id for image in images[: len(release.images)]] == [image.id for image in release.images]
    assert [image.findings for image in images[len(other) :]] == [image.findings for image in images[: len(other)]]


def test_same_image_in_two_files_is_refused(release):
    with pytest.raises(ValueError, match='P1/P1-S/FFDM/lcc is described twice'):
        select_images(read_annotation_files([release.path, release.path]))
