"""Records of every kind of damage, each reported and none in the way of the others."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from mammo_plugins.datasets.audit import check_strict_reading, read_annotations_leniently
from mammo_plugins.io import AnnotationError, AnnotationSet, FindingRecord, read_annotations, write_annotations


@pytest.fixture(name='content')
def content_fixture(make_image, tmp_path):
    """Two images with a finding each, as JSON."""
    images = [make_image(1).record, make_image(2, modality='DBT', num_slices=10).record]
    findings = [FindingRecord(number, 'benign', (5.0, 5.0, 9.0, 9.0), 0) for number in (1, 2)]
    write_annotations(tmp_path / 'good.json', AnnotationSet(images, findings, {'root': 'data'}))
    return json.loads((tmp_path / 'good.json').read_text())


def read(content, tmp_path):
    (tmp_path / 'ann.json').write_text(json.dumps(content))
    return read_annotations_leniently(tmp_path / 'ann.json')


def test_sound_file_is_read_as_the_strict_reader_does(content, tmp_path):
    lenient = read(content, tmp_path)
    strict = read_annotations(tmp_path / 'ann.json')
    assert lenient.findings == [] and lenient.num_records == (2, 2)
    assert [asdict(image.record) for image in lenient.images] == [asdict(image) for image in strict.images]
    assert [image.findings for image in lenient.images] == [tuple(strict.findings_of(n)) for n in (1, 2)]
    assert [image.path for image in lenient.images] == [strict.resolve_path(image) for image in strict.images]
    assert [image.finding_numbers for image in lenient.images] == [(1,), (2,)]


@pytest.mark.parametrize(
    ('changes', 'reason'),
    [
        (dict(width=0), 'width: expected an integer of at least 1 and at most 2147483647, got 0'),
        (dict(width='100'), "width: expected an integer of at least 1 and at most 2147483647, got '100'"),
        (dict(view='L-XY'), "view: expected a view such as L-CC, got 'L-XY'"),
        (dict(view=None), 'view: expected a view such as L-CC, got None'),
        (dict(modality='CT'), "modality: expected one of FFDM, SM, DBT, got 'CT'"),
        (dict(split='val'), "split: expected null or one of train, validation, test, got 'val'"),
        (dict(id=2), 'id 2 is used by more than one image'),
        (dict(extra=1), 'unknown extra: further facts belong into labels'),
    ],
    ids=str,
)
def test_broken_image_is_reported_and_left_out(content, tmp_path, changes, reason):
    content['images'].insert(0, content['images'].pop())
    content['images'][1].update(changes)
    found = read(content, tmp_path)
    assert [image.record.id for image in found.images] == [2]
    assert (found.findings[0].check, found.findings[0].severity) == ('broken_record', 'error')
    assert (found.findings[0].where, found.findings[0].reason) == ('image record 2', reason)
    assert [f.reason for f in found.findings[1:]] in ([], ['no usable image has id 1'])


def test_two_images_of_one_name_are_reported(content, tmp_path):
    content['images'].append({**content['images'][0], 'id': 3})
    (finding,) = read(content, tmp_path).findings
    assert finding.where == 'image record 3' and 'image 1 is P1 / S1 / FFDM / lcc too' in finding.reason


@pytest.mark.parametrize(
    ('changes', 'reason'),
    [
        (dict(category_id=7), "category_id: expected {1: 'malignant', 2: 'benign', 3: 'other'}, got 7"),
        (dict(image_id=9), 'no usable image has id 9'),
        (dict(bbox=[1, 2, 3]), 'bbox: expected four finite numbers with a width and a height above 0, got (1, 2, 3)'),
        (
            dict(bbox=[1, 2, 3, 0]),
            'bbox: expected four finite numbers with a width and a height above 0, got (1, 2, 3, 0)',
        ),
        (dict(slice='3'), "slice: expected null or an integer, got '3'"),
        (dict(slice_range=[1]), 'slice_range: expected null or two integers, got (1,)'),
        (dict(lesion_id=5), 'lesion_id: expected a text or null, got 5'),
    ],
    ids=str,
)
def test_broken_finding_is_reported_and_the_other_keeps_its_number(content, tmp_path, changes, reason):
    content['annotations'][0].update(changes)
    found = read(content, tmp_path)
    assert [(finding.where, finding.reason) for finding in found.findings] == [('box record 1', reason)]
    assert [image.finding_numbers for image in found.images] == [(), (2,)]


def test_missing_field_is_named(content, tmp_path):
    del content['annotations'][0]['bbox'], content['images'][1]['view']
    assert [finding.reason for finding in read(content, tmp_path).findings] == [
        'missing view',
        'missing bbox',
        'no usable image has id 2',
    ]


@pytest.mark.parametrize(
    'changes', [dict(bbox=[90, 5, 50, 9]), dict(slice=40), dict(slice_range=[8, 3]), dict(bbox=[-9, -9, 1, 1])], ids=str
)
def test_places_outside_are_kept_for_their_own_checks(content, tmp_path, changes):
    content['annotations'][1].update(changes)
    found = read(content, tmp_path)
    with pytest.raises(AnnotationError):
        read_annotations(tmp_path / 'ann.json')
    assert found.findings == [] and len(found.images[1].findings) == 1


def test_missing_root_and_categories_are_reported(content, tmp_path):
    del content['info']['root'], content['categories']
    assert [finding.where for finding in read(content, tmp_path).findings] == ['info', 'categories']


@pytest.mark.parametrize('text', ['', '[]', '{"info": {}, "images": {}, "annotations": []}', '\xff'])
def test_other_files_cannot_be_audited(tmp_path, text):
    (tmp_path / 'ann.json').write_bytes(text.encode('latin-1'))
    with pytest.raises(AnnotationError, match=r'ann\.json: not'):
        read_annotations_leniently(tmp_path / 'ann.json')


def test_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'annotation file .*ann\.json does not exist'):
        read_annotations_leniently(tmp_path / 'ann.json')


def test_what_only_the_strict_reader_refuses_is_an_error(content, tmp_path):
    assert read(content, tmp_path).findings == check_strict_reading(tmp_path / 'ann.json') == []
    content['annotations'][0]['iscrowd'] = 1
    assert read(content, tmp_path).findings == []
    (finding,) = check_strict_reading(tmp_path / 'ann.json')
    assert (finding.check, finding.severity) == ('broken_record', 'error')
    assert finding.reason == 'annotations[0] (id 1): iscrowd: expected 0, got 1'
