"""The annotation file: exact round trips, COCO compatibility, and errors that name file, record and field."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools.coco import COCO

from mammo_plugins.io.coco_volume import (
    AnnotationError,
    AnnotationSet,
    FindingRecord,
    ImageRecord,
    read_annotations,
    validate_annotations,
    write_annotations,
)

VOLUME = ImageRecord(
    id=7, file_name='P1/S1/1-1.dcm', width=1890, height=2457, num_slices=71, patient_id='P1', study_uid='S1',
    view='L-CC', modality='DBT', view_name='lcc2', manufacturer='HOLOGIC, Inc.', spacing_mm=(0.1, 0.2),
    slice_spacing_mm=1.5, rotated_180=True, split='train',
    labels={'malignant': 1, 'benign': 0, 'birads': '4A', 'density': 'C'},
)  # fmt: skip
MAMMOGRAM = replace(VOLUME, id=8, modality='FFDM', num_slices=1, view_name='lcc', rotated_180=False, split='test')
FINDING = FindingRecord(
    image_id=7, category='malignant', bbox_xywh=(10.5, 20.25, 30.125, 40.0), slice_index=30, slice_range=(25, 33),
    lesion_id='lesion-1', attributes={'type': 'mass'},
)  # fmt: skip


def annotation_set(images=(VOLUME, MAMMOGRAM), findings=(FINDING,), **info) -> AnnotationSet:
    return AnnotationSet(list(images), list(findings), {'root': 'data', **info})


def write_changed(path, change) -> None:
    """Writes a valid file, then lets ``change`` break its content."""
    write_annotations(path, annotation_set())
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def test_file_gives_back_what_was_written(tmp_path):
    written = annotation_set(dropped=[{'row': 3, 'reason': 'no file'}])
    write_annotations(tmp_path / 'ann.json', written)
    assert read_annotations(tmp_path / 'ann.json') == written


def test_only_computed_images_say_so_in_the_file(tmp_path):
    computed = replace(MAMMOGRAM, id=9, modality='SM', computed=True)
    write_annotations(tmp_path / 'ann.json', annotation_set(images=(VOLUME, MAMMOGRAM, computed)))
    entries = json.loads((tmp_path / 'ann.json').read_text())['images']
    assert ['computed' in entry for entry in entries] == [False, False, True]
    images = read_annotations(tmp_path / 'ann.json').images
    assert [image.modality_text for image in images] == ['DBT', 'FFDM', 'SM (computed)']


_NUMBERS = st.floats(0, 1000, allow_nan=False, width=64)


@given(
    st.lists(st.tuples(_NUMBERS, _NUMBERS, st.floats(1e-3, 800), st.floats(1e-3, 800)), max_size=4),
    st.sampled_from([None, 0, 30, 70]),
    st.text(min_size=1).filter(str.strip),
)
def test_any_box_slice_and_name_survives_the_file_exactly(tmp_path_factory, boxes, slice_index, name):
    path = tmp_path_factory.mktemp('ann') / 'ann.json'
    findings = [FindingRecord(7, 'benign', box, slice_index, lesion_id=name) for box in boxes]
    written = annotation_set(images=[replace(VOLUME, patient_id=name)], findings=findings)
    write_annotations(path, written)
    assert read_annotations(path) == written


def test_numpy_numbers_are_written_as_plain_ones(tmp_path):
    image = replace(VOLUME, id=np.int64(7), width=np.int32(1890), spacing_mm=(np.float64(0.1), np.float32(0.5)))
    finding = replace(FINDING, bbox_xywh=tuple(np.array([1.5, 2, 3, 4])), slice_index=np.int64(30))
    write_annotations(tmp_path / 'ann.json', annotation_set([image], [finding]))
    assert read_annotations(tmp_path / 'ann.json').findings[0].bbox_xywh == (1.5, 2.0, 3.0, 4.0)


def test_pycocotools_opens_the_file(tmp_path):
    polygon = replace(FINDING, segmentation=[[10.0, 20.0, 40.0, 20.0, 40.0, 60.0]])
    write_annotations(tmp_path / 'ann.json', annotation_set(findings=[polygon]))
    coco = COCO(str(tmp_path / 'ann.json'))
    assert sorted(coco.getImgIds()) == [7, 8]
    assert [category['name'] for category in coco.loadCats([1, 2])] == ['malignant', 'benign']
    (annotation,) = coco.loadAnns(coco.getAnnIds(imgIds=[7]))
    assert annotation['bbox'] == [10.5, 20.25, 30.125, 40.0]
    assert annotation['area'] == 30.125 * 40
    assert coco.annToMask(annotation).shape == (2457, 1890)


def test_set_without_images_or_findings_round_trips(tmp_path):
    for written in (annotation_set([], []), annotation_set(findings=[])):
        write_annotations(tmp_path / 'ann.json', written)
        assert read_annotations(tmp_path / 'ann.json') == written


def test_view_name_defaults_to_the_view():
    assert replace(VOLUME, view_name='', view='R-MLO').view_name == 'rmlo'


def test_findings_and_images_are_found_by_id():
    records = annotation_set()
    assert records.findings_of(7) == [FINDING]
    assert records.findings_of(8) == []
    assert records.image(8) is MAMMOGRAM
    with pytest.raises(KeyError, match='no image has id 9'):
        records.findings_of(9)


def test_views_of_one_breast_share_their_breast_id():
    assert VOLUME.breast_id == MAMMOGRAM.breast_id == ('P1', 'S1', 'L')


def test_select_keeps_images_of_a_modality_and_split_with_their_findings():
    records = annotation_set()
    assert records.select(modality='DBT').findings == [FINDING]
    assert records.select(modality='FFDM').findings == []
    assert records.select(modality=['FFDM', 'DBT'], split='test').images == [MAMMOGRAM]
    assert records.select(split='validation').images == []
    assert records.select().images == [VOLUME, MAMMOGRAM]
    with pytest.raises(ValueError, match=r"unknown split \['val'\]"):
        records.select(split='val')


def test_relative_root_starts_at_the_folder_of_the_file(tmp_path):
    write_annotations(tmp_path / 'sub' / 'ann.json', annotation_set())
    records = read_annotations(tmp_path / 'sub' / 'ann.json')
    assert records.resolve_path(VOLUME) == tmp_path / 'sub' / 'data' / 'P1/S1/1-1.dcm'
    absolute = AnnotationSet(records.images, [], {'root': '/elsewhere'}, records.path)
    assert absolute.resolve_path(VOLUME).as_posix() == '/elsewhere/P1/S1/1-1.dcm'
    assert absolute.resolve_path(replace(VOLUME, file_name='/a/b.png')).as_posix() == '/a/b.png'


@pytest.mark.parametrize(
    ('labels', 'categories', 'annotated'),
    [
        ({'malignant': 1}, ['malignant'], True),
        ({'malignant': 1}, ['benign'], False),
        ({'malignant': 1}, [], False),
        ({'malignant': 0}, [], True),
        ({}, [], True),
        ({'malignant': 1, 'lost_findings': 1}, ['malignant'], False),
        ({'lost_findings': 2}, [], False),
        ({'malignant': 0, 'lost_findings': 1}, ['benign'], True),
    ],
)
def test_malignant_image_without_malignant_finding_or_with_a_lost_one_counts_as_not_annotated(
    labels, categories, annotated
):
    image = replace(VOLUME, labels=labels)
    findings = [replace(FINDING, category=category) for category in categories]
    assert annotation_set([image], findings).is_annotated(image) is annotated


@pytest.mark.parametrize(
    ('field', 'value'),
    [
        ('id', '7'), ('id', True), ('file_name', ''), ('width', 0), ('height', 2.5),
        ('num_slices', -1), ('patient_id', None), ('study_uid', ' '), ('view', 'lcc'), ('view', 'X-CC'), ('view', 3),
        ('modality', 'MRI'), ('slice_spacing_mm', 0), ('slice_spacing_mm', '1'),
        ('spacing_mm', (0.1,)), ('spacing_mm', (0.1, 0)), ('spacing_mm', (0.1, float('nan'))),
        ('rotated_180', 1), ('computed', 1), ('computed', True), ('split', 'val'),
        ('labels', None), ('manufacturer', None), ('view_name', 5),
    ],
)  # fmt: skip
def test_broken_image_field_is_named(field, value):
    with pytest.raises(AnnotationError, match=rf'image .*: {field}: expected'):
        validate_annotations(annotation_set([replace(VOLUME, **{field: value})], []))


@pytest.mark.parametrize(
    ('field', 'value'), [('malignant', 2), ('benign', 'no'), ('birads', 4), ('density', 'E'), ('malignant', True)]
)
def test_broken_label_is_named(field, value):
    with pytest.raises(AnnotationError, match=rf'image 7: labels.{field}: expected .* got {value!r}'):
        validate_annotations(annotation_set([replace(VOLUME, labels={field: value})], []))


@pytest.mark.parametrize(
    ('field', 'value', 'named'),
    [
        ('image_id', 99, 'image_id'), ('category', 'cyst', 'category'), ('bbox_xywh', (1, 2, 3), 'bbox'),
        ('bbox_xywh', (1, 2, 0, 4), 'bbox'), ('bbox_xywh', (-1, 2, 3, 4), 'bbox'),
        ('bbox_xywh', (1, 2450, 3, 8), 'bbox'), ('bbox_xywh', (1889, 2, 3, 4), 'bbox'),
        ('bbox_xywh', (float('inf'), 2, 3, 4), 'bbox'),
        ('slice_index', 71, 'slice'), ('slice_index', -1, 'slice'), ('slice_index', 3.0, 'slice'),
        ('slice_index', 34, 'slice'), ('slice_range', (5,), 'slice_range'), ('slice_range', (33, 25), 'slice_range'),
        ('slice_range', (25, 71), 'slice_range'), ('lesion_id', '', 'lesion_id'), ('segmentation', 'x', 'segmentation'),
        ('attributes', [], 'attributes'),
    ],
)  # fmt: skip
def test_broken_finding_field_is_named(field, value, named):
    with pytest.raises(AnnotationError, match=rf'finding 1 \(image \d+\): {named}: '):
        validate_annotations(annotation_set(findings=[replace(FINDING, **{field: value})]))


def test_slice_above_zero_in_a_mammogram_is_refused():
    with pytest.raises(AnnotationError, match='slice: expected null or 0 to 0, got 30'):
        validate_annotations(annotation_set(findings=[replace(FINDING, image_id=8)]))


def test_mammogram_of_several_slices_is_refused():
    with pytest.raises(AnnotationError, match='image 8: num_slices: expected 1 for FFDM, got 2'):
        validate_annotations(annotation_set([replace(MAMMOGRAM, num_slices=2)], []))


def test_volume_of_one_slice_is_written_and_read(tmp_path):
    volume = replace(VOLUME, num_slices=1)
    write_annotations(tmp_path / 'one.json', annotation_set([volume], []))
    assert read_annotations(tmp_path / 'one.json').images == [volume]


def test_two_images_under_one_id_are_refused():
    with pytest.raises(AnnotationError, match='image 7: id: used by more than one image'):
        validate_annotations(annotation_set([VOLUME, replace(VOLUME, view_name='lcc3')], []))


def test_two_images_that_predictions_could_not_tell_apart_are_refused():
    with pytest.raises(AnnotationError, match="image 9: view_name: image 7 is DBT 'lcc2' of study 'S1'"):
        validate_annotations(annotation_set([VOLUME, replace(VOLUME, id=9)], []))


def test_missing_root_is_refused():
    with pytest.raises(AnnotationError, match='info: root'):
        validate_annotations(AnnotationSet([], [], {}))


def test_values_that_are_no_json_are_refused():
    with pytest.raises(AnnotationError, match='labels: cannot be written as JSON'):
        validate_annotations(annotation_set([replace(VOLUME, labels={'age': float('nan')})], []))


def test_invalid_set_leaves_an_existing_file_alone(tmp_path):
    path = tmp_path / 'ann.json'
    write_annotations(path, annotation_set())
    before = path.read_bytes()
    with pytest.raises(AnnotationError):
        write_annotations(path, annotation_set([replace(VOLUME, width=0)], []))
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ['ann.json']


def test_missing_file_names_the_command_that_makes_it(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'ann\.json does not exist: make it with tools/convert_dataset\.py'):
        read_annotations(tmp_path / 'ann.json')


@pytest.mark.parametrize('content', ['', '{"images": [', '\xff', '[]', '{"info": {}, "images": {}}', 'null'])
def test_broken_file_is_named(tmp_path, content):
    path = tmp_path / 'ann.json'
    path.write_bytes(content.encode('latin-1'))
    with pytest.raises(AnnotationError, match=r'ann\.json'):
        read_annotations(path)


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ('[' * 200_000, 'values are nested too deeply'),
        ('{"a":' * 200_000, 'values are nested too deeply'),
        (f'{{"images": [{"9" * 5000}]}}', 'not a JSON file'),
    ],
)
def test_content_beyond_what_python_parses_is_an_error_that_names_the_file(tmp_path, content, message):
    path = tmp_path / 'ann.json'
    path.write_text(content)
    with pytest.raises(AnnotationError, match=rf'ann\.json: {message}'):
        read_annotations(path)


def test_file_that_cannot_be_opened_is_named(tmp_path):
    (tmp_path / 'ann.json').symlink_to('ann.json')
    with pytest.raises(AnnotationError, match=r'ann\.json: cannot be opened'):
        read_annotations(tmp_path / 'ann.json')


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda c: c['images'][1].pop('view'), r'images\[1\] \(id 8\): missing view'),
        (lambda c: c['images'][0].update(colour=1), r'images\[0\] \(id 7\): unknown colour'),
        (lambda c: c['images'].insert(0, 5), r'images\[0\]: expected an object, got 5'),
        (lambda c: c['annotations'][0].pop('slice'), r'annotations\[0\] \(id 1\): missing slice'),
        (lambda c: c['annotations'][0].update(category_id=7), r'annotations\[0\] \(id 1\): category_id: .* got 7'),
        (lambda c: c['annotations'][0].update(iscrowd=1), r'annotations\[0\] \(id 1\): iscrowd: expected 0'),
        (lambda c: c['images'][0].update(width='1890'), r"image 7: width: expected .* got '1890'"),
        (lambda c: c['categories'].pop(), 'categories: expected'),
        (lambda c: c.update(info=[]), 'info: expected dict, got list'),
        (lambda c: c['categories'][0].update(id=[1]), 'categories: expected'),
        (lambda c: c['images'][0].update(id=[7]), r'images\[0\] \(id \[7\]\): id: expected an integer'),
        (
            lambda c: c['annotations'][0].update(image_id={}),
            r'annotations\[0\] \(id 1\): image_id: expected an integer',
        ),
        (lambda c: c['annotations'][0].update(category_id=[]), r'annotations\[0\] \(id 1\): '),
        (lambda c: c['images'][0].update(width=10**400), 'image 7: width: expected .* at most 2147483647'),
        (lambda c: c['images'][0].update(spacing_mm=[10**400, 1]), 'image 7: spacing_mm: expected'),
        (lambda c: c['images'][0].update(file_name='\ud800'), 'image 7: file_name: expected a text'),
        (lambda c: c['images'][0]['labels'].update(site='\ud800'), 'image 7: labels: cannot be written'),
    ],
)
def test_broken_record_in_a_file_is_named(tmp_path, change, message):
    write_changed(tmp_path / 'ann.json', change)
    with pytest.raises(AnnotationError, match=rf'ann\.json: {message}'):
        read_annotations(tmp_path / 'ann.json')
