"""Reading prepared images or their files makes no difference to what a network sees."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from mammo_plugins.datasets import view_loader
from mammo_plugins.datasets.case_draw import CaseDraw
from mammo_plugins.datasets.loading_settings import describe_loading
from mammo_plugins.datasets.transforms import CropBreast, LoadMammogram, MatchHistogram, ResizeBreast
from mammo_plugins.datasets.view_loader import ImageLoadingError, ViewLoader
from tests.datasets.test_case_dataset import assert_same


@pytest.fixture
def prepared(make_dataset, own_release, tmp_path):
    """A data set whose images are prepared, the release behind it, and the folder."""
    dataset = make_dataset(own_release.path, modality='DBT', split='train', volume_cache=tmp_path / 'cache')
    for index in range(len(dataset)):
        for view in dataset.get_data_info(index)['views']:
            dataset._load_view.prepare(view)
    return dataset, own_release, tmp_path / 'cache'


def test_prepared_images_are_those_of_the_files(prepared, make_dataset):
    dataset, release, _ = prepared
    plain = make_dataset(release.path, modality='DBT', split='train')
    for index in range(len(dataset)):
        assert_same(dataset[CaseDraw(index, 0, index)], plain[CaseDraw(index, 0, index)])
        for one, other in zip(dataset.load_case(index)['views'], plain.load_case(index)['views'], strict=True):
            assert one.keys() == other.keys()
            for key, value in one.items():
                np.testing.assert_equal(value, other[key], err_msg=key)


def test_prepared_images_need_their_files_no_more_than_a_look(prepared, monkeypatch):
    dataset, _, _ = prepared
    expected = dataset[CaseDraw(0, 0, 0)]

    def refuse(path):
        raise AssertionError(f'{path} was opened')

    monkeypatch.setattr('mammo_plugins.datasets.transforms.loading.open_image', refuse)
    assert_same(dataset[CaseDraw(0, 0, 0)], expected)


def test_other_bytes_behind_the_same_size_and_time_are_noticed(prepared):
    dataset, release, _ = prepared
    for file in release.folder.glob('*.dcm'):
        state = file.stat()
        file.write_bytes(b'\0' * state.st_size)
        os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))
    with pytest.raises(ImageLoadingError):
        dataset[CaseDraw(0, 0, 0)]


def test_changed_file_is_read_itself(prepared):
    dataset, release, _ = prepared
    file = next(release.folder.glob('P1-DBT_L-CC.dcm'))
    file.write_bytes(b'no image')
    with pytest.raises(ImageLoadingError, match='P1-DBT_L-CC'):
        dataset[CaseDraw(0, 0, 0)]


def test_corrected_box_is_used_with_the_prepared_pixels(prepared, make_dataset):
    dataset, release, cache = prepared
    content = json.loads(Path(release.path).read_text())
    for annotation in content['annotations']:
        annotation['bbox'][1] += 2
    Path(release.path).write_text(json.dumps(content))
    moved, plain = (
        make_dataset(release.path, modality='DBT', split='train', volume_cache=folder) for folder in (cache, None)
    )
    assert all(moved._load_view.prepared.has(view) for view in moved.get_data_info(0)['views'])
    assert_same(moved[CaseDraw(0, 0, 0)], plain[CaseDraw(0, 0, 0)])
    before = dataset[CaseDraw(0, 0, 0)]['data_samples'].views[0].gt_instances.bboxes
    assert not before.equal(moved[CaseDraw(0, 0, 0)]['data_samples'].views[0].gt_instances.bboxes)


@pytest.mark.parametrize('change', [{'view': 'R-CC'}, {'rotated_180': True}])
def test_corrected_side_never_meets_the_pixels_of_the_old_one(prepared, change):
    dataset, _, _ = prepared
    view = dataset.get_data_info(0)['views'][0]
    assert dataset._load_view.prepared.has(view)
    assert not dataset._load_view.prepared.has({**view, **change})


def test_other_settings_are_other_volumes(prepared, tmp_path):
    dataset, _, cache = prepared
    view = dataset.get_data_info(0)['views'][0]
    other = ViewLoader([LoadMammogram(num_slices=2), CropBreast()], volume_cache=cache)
    assert not other.prepared.has(view)
    other.prepare(view)
    assert len(other(view)['img']) == 2 and len(dataset.load_case(0)['views'][0]['img']) == 4


def test_size_that_the_annotation_file_denies_is_refused(prepared):
    dataset, _, _ = prepared
    view = {**dataset.get_data_info(0)['views'][0], 'num_source_slices': 3}
    with pytest.raises(ImageLoadingError, match='the annotation file says'):
        dataset._load_view(view)


def test_broken_volume_stops_the_run_and_is_named(prepared):
    dataset, _, cache = prepared
    for file in cache.rglob('*.b2nd'):
        file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(ImageLoadingError, match=r'\.b2nd: has changed'):
        dataset[CaseDraw(0, 0, 0)]


def test_settings_name_defaults_and_arrays(tmp_path):
    reference = tmp_path / 'h.json'
    digests = []
    for first in (1.0, 2.0):
        reference.write_text(json.dumps({'histogram': [first] + [1.0] * 1023}))
        digests.append(describe_loading([MatchHistogram(reference)]))
    assert digests[0] != digests[1]
    described = describe_loading([LoadMammogram(), ResizeBreast(5, 9)])['loading']
    assert described == [
        {'type': 'LoadMammogram', 'num_slices': 16, 'voi': 'auto'},
        {'type': 'ResizeBreast', 'max_length': 9, 'width': 5},
    ]


def test_setting_that_cannot_be_written_down_is_refused():
    transform = LoadMammogram()
    transform.voi = open
    with pytest.raises(TypeError, match='may hold numbers, texts, lists and arrays only'):
        describe_loading([transform])


def test_losses_are_reported_once_a_file(make_view, monkeypatch):
    messages = []
    monkeypatch.setattr(view_loader, 'print_log', lambda message, **settings: messages.append(message))
    pixels = np.zeros((100, 80), dtype=np.uint16)
    pixels[30:70, :40] = 30000
    loader = ViewLoader([CropBreast(margin=0)])
    for path in ('a.dcm', 'a.dcm', 'b.dcm'):
        loader(make_view([pixels], [[60, 0, 70, 10]], img_path=path))
    assert messages == [f'{name}: the crop to the breast cuts 0 findings and loses 1' for name in ('a.dcm', 'b.dcm')]


def test_loading_that_gives_floats_is_refused(make_view):
    with pytest.raises(
        ImageLoadingError, match=r'breast.png: loading must give 16-bit grey values \(uint16\), got float'
    ):
        ViewLoader([lambda view: view])(make_view(np.zeros((1, 4, 4), np.float32)))
