import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from mammo_plugins.datasets.case_collate import collate_cases
from mammo_plugins.datasets.case_draw import CaseDraw
from mammo_plugins.datasets.view_loader import ImageLoadingError
from mammo_plugins.structures.geometry import project_boxes


def assert_same(first, second):
    assert first['data_samples'].case_id == second['data_samples'].case_id
    for one, other in zip(first['inputs'], second['inputs'], strict=True):
        assert torch.equal(one, other)
    for one, other in zip(first['data_samples'].views, second['data_samples'].views, strict=True):
        assert torch.equal(one.gt_instances.bboxes, other.gt_instances.bboxes)
        assert torch.equal(one.gt_instances.slices, other.gt_instances.slices)
        np.testing.assert_array_equal(one.homography_matrix, other.homography_matrix)
        assert one.annotated == other.annotated


def draws(dataset, passes=2, seed=5):
    return [CaseDraw(position % len(dataset), seed, position) for position in range(passes * len(dataset))]


@pytest.mark.parametrize(('modality', 'bins'), [('DBT', 4), ('FFDM', 1)])
def test_cases_come_packed(make_dataset, release, modality, bins):
    dataset = make_dataset(release.path, modality=modality, split='train')
    assert len(dataset) == 4
    np.testing.assert_array_equal(dataset.malignancy_labels(), [1, 0, 1, 0])
    packed = dataset[CaseDraw(0, seed=0, position=0)]
    assert [volume.shape[0] for volume in packed['inputs']] == [bins, bins]
    for volume, view in zip(packed['inputs'], packed['data_samples'].views, strict=True):
        assert volume.shape == (bins, 1, *view.img_shape) and view.img_shape[1] == 32
        assert volume.dtype == torch.float32 and 0 <= volume.min() and volume.max() <= 1
        assert view.num_slices == bins


def test_boxes_of_a_sample_lead_back_to_the_annotation(make_dataset, release):
    dataset = make_dataset(release.path, modality='DBT', split='train')
    for draw in draws(dataset, passes=3):
        for view in dataset[draw]['data_samples'].views:
            expected = [
                f.bbox_xywh for f in release.findings if f.image_id == view.image_id and f.category == 'malignant'
            ]
            stored = project_boxes(view.gt_instances.bboxes.double(), np.linalg.inv(view.homography_matrix)).numpy()
            stored[:, 2:] -= stored[:, :2]
            np.testing.assert_allclose(stored, np.array(expected).reshape(-1, 4), atol=1e-3)
            assert view.gt_instances.slices.tolist() == [view.slice_bins.bin_of(4)] * len(expected)


def test_lesion_free_breasts_are_kept(make_dataset, release):
    dataset = make_dataset(release.path, modality='DBT', split='validation')
    assert len(dataset) == 2 and not dataset.malignancy_labels().any()
    assert all(len(view.gt_instances) == 0 for view in dataset[0]['data_samples'].views)


def test_cache_changes_nothing(make_dataset, release):
    plain, cached = (make_dataset(release.path, modality='DBT', cache_in_memory=cache) for cache in (False, True))
    for draw in draws(plain):
        assert_same(plain[draw], cached[draw])


def test_cache_is_not_written_to(make_dataset, release):
    dataset = make_dataset(release.path, modality='FFDM', cache_in_memory=True)
    first = dataset[CaseDraw(0, 0, 0)]
    first['inputs'][0].zero_()
    first['data_samples'].views[0].gt_instances.bboxes.zero_()
    assert_same(dataset[CaseDraw(0, 0, 0)], make_dataset(release.path, modality='FFDM')[CaseDraw(0, 0, 0)])


def test_cache_reads_each_file_once(make_dataset, own_release):
    dataset = make_dataset(own_release.path, modality='FFDM', split='train', cache_in_memory=True)
    before = [dataset[draw] for draw in draws(dataset, passes=1)]
    for file in own_release.folder.glob('*.png'):
        file.unlink()
    for draw, expected in zip(draws(dataset, passes=1), before, strict=True):
        assert_same(dataset[draw], expected)


@pytest.mark.parametrize('cache_in_memory', [False, True])
def test_workers_change_nothing(make_dataset, release, cache_in_memory):
    dataset = make_dataset(release.path, modality='DBT', split='train', cache_in_memory=cache_in_memory)
    alone, shared = (
        [
            {key: value[index] for key, value in batch.items()}
            for batch in DataLoader(
                dataset, batch_size=2, sampler=draws(dataset), num_workers=workers, collate_fn=collate_cases
            )
            for index in range(2)
        ]
        for workers in (0, 2)
    )
    for one, other in zip(alone, shared, strict=True):
        assert_same(one, other)


def test_each_draw_has_its_own_randomness(make_dataset, release):
    dataset = make_dataset(release.path, modality='FFDM')
    first, again, later, other_seed = (dataset[CaseDraw(0, *key)] for key in ((1, 0), (1, 0), (1, 1), (2, 0)))
    assert_same(first, again)
    assert not torch.equal(first['inputs'][0].mean(), later['inputs'][0].mean())
    assert not torch.equal(first['inputs'][0].mean(), other_seed['inputs'][0].mean())


def test_plain_index_follows_the_global_seed(make_dataset, release):
    dataset = make_dataset(release.path, modality='FFDM')
    np.random.seed(3)
    first, second = dataset[0], dataset[0]
    np.random.seed(3)
    assert_same(first, dataset[0])
    assert not torch.equal(first['inputs'][0].mean(), second['inputs'][0].mean())


def test_random_transform_in_test_mode_is_refused(make_dataset, release):
    with pytest.raises(ValueError, match='RandomFlipViews is random'):
        make_dataset(release.path, modality='FFDM', test_mode=True)[0]


def test_test_mode_is_the_same_each_time(make_dataset, release):
    dataset = make_dataset(release.path, modality='FFDM', test_mode=True, pipeline=[dict(type='PackCaseInputs')])
    assert_same(dataset[1], dataset[1])
    assert dataset[0]['data_samples'].views[0].gt_instances.bboxes.shape == (1, 4)


def test_data_root_and_several_files(make_dataset, release):
    assert make_dataset('annotations.json', data_root=str(release.folder)).ann_file == [release.path]
    with pytest.raises(ValueError, match='described twice'):
        make_dataset(['annotations.json', release.path], data_root=str(release.folder))


def test_indices_and_metainfo(make_dataset, release):
    dataset = make_dataset(release.path, modality='FFDM', indices=3, metainfo=dict(palette=[(1, 2, 3)]))
    assert len(dataset) == len(dataset.malignancy_labels()) == 3
    assert dataset.metainfo['classes'] == ('malignant',) and dataset.metainfo['palette'] == [(1, 2, 3)]


@pytest.mark.parametrize(('bad', 'reason'), [(dict(classes=('cyst',)), 'cyst'), (dict(on_error='skip'), 'skip-report')])
def test_unknown_settings_are_quoted(make_dataset, release, bad, reason):
    with pytest.raises(ValueError, match=reason):
        make_dataset(release.path, **bad)


def test_pipeline_that_drops_a_case_is_an_error(make_dataset, release):
    dataset = make_dataset(release.path, modality='FFDM', pipeline=[lambda results: None])
    with pytest.raises(ValueError, match='gave None for case P1/P1-S/L'):
        dataset[0]


def test_broken_image_stops_the_run_with_file_and_reason(make_dataset, own_release):
    broken = own_release.folder / 'P1-DBT_L-MLO.dcm'
    broken.write_bytes(broken.read_bytes()[:-1000])
    dataset = make_dataset(own_release.path, modality='DBT')
    with pytest.raises(ImageLoadingError, match=r'P1-DBT_L-MLO\.dcm: .+'):
        dataset[0]


def test_image_without_a_breast_is_named(make_dataset, own_release, dbt_writer):
    dbt_writer(own_release.folder / 'P1-DBT_L-CC.dcm', np.zeros((10, 96, 64)))
    with pytest.raises(ImageLoadingError, match=r'P1-DBT_L-CC\.dcm: no breast found'):
        make_dataset(own_release.path, modality='DBT')[0]


@pytest.mark.parametrize('cache_in_memory', [False, True])
def test_broken_images_are_left_out_and_reported(make_dataset, own_release, cache_in_memory):
    for name in ('P1-DBT_L-MLO.dcm', 'P2-DBT_R-CC.dcm', 'P2-DBT_R-MLO.dcm'):
        (own_release.folder / name).write_bytes(b'no image')
    dataset = make_dataset(
        own_release.path, modality='DBT', split='train', on_error='skip-report', cache_in_memory=cache_in_memory
    )
    assert sorted(path.rsplit('/')[-1] for path in dataset.unreadable) == [
        'P1-DBT_L-MLO.dcm', 'P2-DBT_R-CC.dcm', 'P2-DBT_R-MLO.dcm',
    ]  # fmt: skip
    samples = [dataset[draw]['data_samples'] for draw in draws(dataset, passes=1)]
    assert [(sample.case_id, len(sample.views)) for sample in samples] == [
        ('P1/P1-S/L', 1), ('P1/P1-S/R', 2), ('P2/P2-S/L', 2),
    ]  # fmt: skip
    assert [view.annotated for view in samples[2].views] == [False, False]


def test_nothing_readable_is_an_error(make_dataset, own_release):
    for file in own_release.folder.glob('*.png'):
        file.unlink()
    with pytest.raises(ValueError, match=r'no case is left .*12 unreadable images'):
        make_dataset(own_release.path, modality='FFDM', on_error='skip-report')


def test_collating_mixes_one_and_two_views(make_dataset, release):
    dataset = make_dataset(release.path, modality='FFDM', filter_cfg=dict(positions=['CC']))
    pairs = make_dataset(release.path, modality='DBT')
    batch = collate_cases([dataset[0], pairs[0]])
    assert [len(case) for case in batch['inputs']] == [1, 2]
    assert [len(sample.views) for sample in batch['data_samples']] == [1, 2]
