"""Every way of grouping, with classes, labels and masks by name, on phantoms and on annotation files made by hand."""

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from torch.utils.data import DataLoader

import mammo_plugins.registration  # noqa: F401 - masks of mmdet reach mmcv.ops
from mammo_plugins.apis.convert import convert_dataset
from mammo_plugins.apis.phantoms import make_phantoms
from mammo_plugins.datasets.case_collate import collate_cases
from mammo_plugins.datasets.case_dataset import CaseDataset
from mammo_plugins.datasets.case_draw import CaseDraw
from mammo_plugins.datasets.case_sampler import BalancedCaseSampler
from mammo_plugins.io.coco_volume import AnnotationSet, read_annotations, write_annotations
from mammo_plugins.models.data_preprocessors import CaseDataPreprocessor
from mammo_plugins.structures.geometry import project_boxes
from tests.datasets.test_case_dataset import assert_same

TURNED = (dict(type='LoadMammogram', num_slices=3), dict(type='OrientCanonical'))
CROPPED = (*TURNED, dict(type='CropBreast'), dict(type='ResizeBreast', width=40, max_length=80))
MOVED = (dict(type='RandomFlipViews'), dict(type='RandomShiftScale'), dict(type='PackCaseInputs'))
ON_ONE_GRID = (dict(type='ShareGrid', width=40, max_length=80), *MOVED)
KINDS = [  # group_by, modality, cases, views of a case
    ('image', 'FFDM', 16, ['FFDM']),
    ('image', 'DBT', 16, ['DBT']),
    ('breast', 'FFDM', 8, ['FFDM', 'FFDM']),
    ('breast', 'DBT', 8, ['DBT', 'DBT']),
    ('modalities', ['SM', 'FFDM'], 16, ['SM', 'FFDM']),
    ('bilateral', 'FFDM', 8, ['FFDM', 'FFDM']),
    ('bilateral', 'DBT', 8, ['DBT', 'DBT']),
]


@pytest.fixture(scope='module')
def phantoms(tmp_path_factory):
    """The annotation file of four patients in three modalities."""
    root = tmp_path_factory.mktemp('kinds')
    settings = {'quirks.repeated_view_share': 0.0, 'finding.unannotated_share': 0.0}
    make_phantoms(root / 'phantoms', cases=4, seed=3, size='96x64x6', workers=1, overrides=settings)
    convert_dataset('phantom', root / 'phantoms', root / 'all.json', workers=1, show_progress=False)
    return root / 'all.json'


def dataset_of(ann_file, group_by='breast', modality='FFDM', **changes):
    paired = group_by == 'modalities'
    chains = dict(loading=TURNED if paired else CROPPED, pipeline=ON_ONE_GRID if paired else MOVED)
    return CaseDataset(str(ann_file), modality, group_by=group_by, **{**chains, **changes})


def rewritten(phantoms, name, change):
    """Another annotation file beside the phantoms' own; ``change`` gives a record, or None to leave it out."""
    whole = read_annotations(phantoms)
    images = [changed for image in whole.images if (changed := change(image)) is not None]
    kept = {image.id for image in images}
    findings = [finding for finding in whole.findings if finding.image_id in kept]
    write_annotations(phantoms.parent / f'{name}.json', AnnotationSet(images, findings, whole.info))
    return phantoms.parent / f'{name}.json'


@pytest.mark.parametrize(('group_by', 'modality', 'count', 'views'), KINDS)
def test_phantoms_give_complete_cases(phantoms, group_by, modality, count, views):
    dataset = dataset_of(phantoms, group_by, modality)
    assert len(dataset) == count and dataset.incomplete == {}
    for index in range(count):
        case = dataset.get_data_info(index)
        assert [view['modality'] for view in case['views']] == views
        assert case['complete'] and case['group_by'] == group_by
        if group_by == 'bilateral':
            assert [view['view'][0] for view in case['views']] == ['R', 'L'] and case['laterality'] == 'B'
        if group_by == 'modalities':
            assert case['views'][0]['view'] == case['views'][1]['view']
            assert case['views'][0]['ori_shape'] != case['views'][1]['ori_shape']
    known = {label for view in read_annotations(phantoms).images for label in [view.labels['malignant']]}
    assert known == {0, 1} and set(dataset.malignancy_labels()) == {0.0, 1.0}


@pytest.mark.parametrize(('group_by', 'modality', 'count', 'views'), KINDS)
def test_cases_are_drawn_collated_and_batched(phantoms, group_by, modality, count, views):
    dataset = dataset_of(phantoms, group_by, modality, labels=['malignant'])
    sampler = BalancedCaseSampler(dataset, positive_fraction=0.5, seed=3)
    draws = [sampler.draw(position) for position in range(8)]
    assert Counter(dataset.malignancy_labels()[draw.index] for draw in draws) == {0.0: 4, 1.0: 4}
    (batch,) = DataLoader(dataset, batch_size=2, sampler=draws[:2], collate_fn=collate_cases)
    prepared = CaseDataPreprocessor(pad_size_divisor=8)(batch)
    slices = 3 if modality == 'DBT' else 1
    assert prepared['inputs'].shape[:2] == (2 * len(views) * slices, 3)
    for case in prepared['data_samples']:
        assert len(case.views) == len(views) and (case.group_by, case.complete) == (group_by, True)
        assert case.gt_labels == {'malignant': float(case.gt_malignancy.breast)}
        assert [view.gt_labels['malignant'] for view in case.views] == case.gt_malignancy.views.tolist()
        if group_by == 'modalities':
            assert len({view.img_shape for view in case.views}) == 1


@pytest.mark.parametrize(('group_by', 'modality', 'count', 'views'), KINDS[3:6])
def test_prepared_images_change_nothing(phantoms, tmp_path, group_by, modality, count, views):
    plain = dataset_of(phantoms, group_by, modality, masks=True)
    cached = dataset_of(phantoms, group_by, modality, masks=True, volume_cache=tmp_path)
    for index in range(2):
        for view in cached.get_data_info(index)['views']:
            cached._load_view.prepare(view)
        one, other = (dataset[CaseDraw(index, 0, index)] for dataset in (plain, cached))
        assert_same(one, other)
        for first, second in zip(one['data_samples'].views, other['data_samples'].views, strict=True):
            np.testing.assert_array_equal(first.gt_instances.masks.masks, second.gt_instances.masks.masks)


@pytest.mark.parametrize(
    ('group_by', 'modality'), [('breast', 'FFDM'), ('breast', 'DBT'), ('modalities', ['SM', 'FFDM'])]
)
def test_masks_lie_in_their_boxes_after_every_movement(phantoms, group_by, modality):
    dataset = dataset_of(phantoms, group_by, modality, classes=['any'], masks=True)
    seen = 0
    for position in range(2 * len(dataset)):
        for view in dataset[CaseDraw(position % len(dataset), 1, position)]['data_samples'].views:
            instances = view.gt_instances
            assert instances.has_masks.all() and instances.masks.masks.shape == (len(instances), *view.img_shape)
            for mask, box in zip(instances.masks.masks, instances.bboxes.numpy(), strict=True):
                rows, columns = np.nonzero(mask)
                found = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
                np.testing.assert_allclose(found, box, atol=2.5)
                seen += 1
    assert seen > 10


def test_finding_without_an_outline_has_an_empty_mask_that_says_so(phantoms):
    whole = read_annotations(phantoms)
    bare = [replace(finding, segmentation=None) for finding in whole.findings]
    path = phantoms.parent / 'bare.json'
    write_annotations(path, AnnotationSet(whole.images, bare, whole.info))
    views = [
        view for index in range(8)
        for view in dataset_of(path, masks=True, classes=['any'])[CaseDraw(index, 0, 0)]['data_samples'].views
    ]  # fmt: skip
    instances = next(view.gt_instances for view in views if len(view.gt_instances))
    assert not instances.has_masks.any() and not instances.masks.masks.any()
    assert 'masks' not in dataset_of(path)[CaseDraw(0, 0, 0)]['data_samples'].views[0].gt_instances


def test_boxes_of_both_images_of_a_pair_show_one_lesion(phantoms):
    dataset = dataset_of(phantoms, 'modalities', ['SM', 'FFDM'], classes=['any'])
    compared = 0
    for index in range(len(dataset)):
        synthetic, exposed = (view.gt_instances for view in dataset[CaseDraw(index, 2, index)]['data_samples'].views)
        assert synthetic.lesion_ids == exposed.lesion_ids
        np.testing.assert_allclose(synthetic.bboxes, exposed.bboxes, atol=1.5)
        compared += len(exposed)
    assert compared > 5


@pytest.mark.parametrize('group_by', ['image', 'breast', 'modalities', 'bilateral'])
def test_boxes_return_to_stored_pixels(phantoms, group_by):
    dataset = dataset_of(phantoms, group_by, ['SM', 'FFDM'] if group_by == 'modalities' else 'FFDM', classes=['any'])
    stored = {image.id: [f.bbox_xywh for f in read_annotations(phantoms).findings_of(image.id)]
              for image in read_annotations(phantoms).images}  # fmt: skip
    for index in range(len(dataset)):
        for view in dataset[CaseDraw(index, 4, index)]['data_samples'].views:
            boxes = project_boxes(view.gt_instances.bboxes.double(), np.linalg.inv(view.homography_matrix)).numpy()
            boxes[:, 2:] -= boxes[:, :2]
            np.testing.assert_allclose(boxes, np.array(stored[view.image_id]).reshape(-1, 4), atol=1e-3)


class TestClasses:
    def test_findings_are_told_apart_by_type(self, phantoms):
        whole = read_annotations(phantoms)
        kinds = sorted({finding.attributes['type'] for finding in whole.findings})
        dataset = dataset_of(phantoms, 'image', classes=kinds)
        found = Counter(
            kinds[label]
            for index in range(len(dataset))
            for label in dataset.get_data_info(index)['views'][0]['gt_bboxes_labels']
        )
        exposed = {image.id for image in whole.images if image.modality == 'FFDM'}
        assert found == Counter(f.attributes['type'] for f in whole.findings if f.image_id in exposed)
        assert len(kinds) > 1 and dataset.metainfo['classes'] == tuple(kinds)

    def test_first_class_that_fits_is_the_label(self, phantoms):
        labels = [
            set(dataset_of(phantoms, classes=classes).get_data_info(index)['views'][0]['gt_bboxes_labels'].tolist())
            for classes in (['any'], ['malignant', 'any'], ['any', 'malignant'])
            for index in range(8)
        ]
        assert set().union(*labels[:8]) == {0} == set().union(*labels[16:])
        assert set().union(*labels[8:16]) == {0, 1}

    @pytest.mark.parametrize(
        ('wrong', 'named'),
        [
            (dict(classes=['cyst']), r"unknown classes \['cyst'\]: the annotation files have malignant, .*any, "),
            (dict(classes=[]), r'classes must be some names, each once, got \[\]'),
            (dict(classes='mass'), 'lists of names'),
            (dict(labels=['age']), r"unknown labels \['age'\].* malignant, benign, abnormal, birads, density"),
            (dict(group_by='exam'), "unknown group_by 'exam'"),
            (dict(incomplete='skip'), 'incomplete is one of keep, drop'),
        ],
    )  # fmt: skip
    def test_unknown_names_are_refused_with_what_there_is(self, phantoms, wrong, named):
        with pytest.raises(ValueError, match=named):
            dataset_of(phantoms, **wrong).full_init()

    def test_images_to_predict_have_no_names_to_compare_with(self, phantoms):
        whole = read_annotations(phantoms)
        path = phantoms.parent / 'unlabelled.json'
        write_annotations(path, AnnotationSet([replace(i, labels={}) for i in whole.images], [], whole.info))
        dataset = dataset_of(path, classes=['cyst'], labels=['menopause'])
        assert all(math.isnan(value) for value in dataset.case_labels('menopause'))

    def test_benign_breast_without_boxes_is_not_annotated_where_benign_findings_are_targets(self, phantoms):
        whole = read_annotations(phantoms)
        path = phantoms.parent / 'no-benign.json'
        findings = [finding for finding in whole.findings if finding.category == 'malignant']
        write_annotations(path, AnnotationSet(whole.images, findings, whole.info))
        benign = {image.breast_id for image in whole.images if image.labels['benign'] and not image.labels['malignant']}
        assert benign
        for classes, expected in ((['malignant'], True), (['any'], False)):
            dataset = dataset_of(path, classes=classes)
            cases = [dataset.get_data_info(index) for index in range(len(dataset))]
            flags = [case['annotated'] for case in cases if tuple(case['case_id'].split('/')) in benign]
            assert flags == [expected] * len(benign)


class TestLabels:
    def test_labels_come_by_name_for_image_and_case(self, phantoms):
        names = ['abnormal', 'birads', 'density', 'benign']
        images = {image.id: image for image in read_annotations(phantoms).images}
        dataset = dataset_of(phantoms, 'bilateral', labels=names)
        for index in range(len(dataset)):
            sample = dataset[CaseDraw(index, 0, index)]['data_samples']
            for view in sample.views:
                labels = images[view.image_id].labels
                assert view.gt_labels == {
                    'abnormal': float(labels['birads'] != '1'), 'birads': float(labels['birads'][0]),
                    'density': 1.0 + 'ABCD'.index(labels['density']), 'benign': float(labels['benign']),
                }  # fmt: skip
            assert sample.gt_labels == {name: max(view.gt_labels[name] for view in sample.views) for name in names}
        assert dataset.case_labels('density').shape == (8,)

    def test_unknown_is_nan_unless_a_known_image_decides(self, phantoms):
        path = rewritten(
            phantoms, 'unknown',
            lambda image: replace(image, labels={**image.labels, 'birads': '5' if image.view == 'R-CC' else None}),
        )  # fmt: skip
        dataset = dataset_of(path, labels=['abnormal', 'birads', 'malignant', 'benign'])
        for index in range(len(dataset)):
            sample = dataset[CaseDraw(index, 0, 0)]['data_samples']
            assert math.isnan(sample.gt_labels['birads'])
            proven = sample.gt_labels['malignant'] == 1 or sample.gt_labels['benign'] == 1
            assert (
                sample.gt_labels['abnormal'] == 1
                if sample.laterality == 'R' or proven
                else math.isnan(sample.gt_labels['abnormal'])
            )

    def test_any_label_can_balance_the_draws(self, phantoms):
        dataset = dataset_of(phantoms, 'image', labels=['benign'])
        sampler = BalancedCaseSampler(dataset, positive_fraction=0.25, seed=0, label='benign')
        drawn = [dataset.case_labels('benign')[sampler.draw(position).index] for position in range(8)]
        assert sorted(drawn) == [0.0] * 6 + [1.0] * 2
        with pytest.raises(ValueError, match="no label 'density': name it in labels"):
            BalancedCaseSampler(dataset, label='density')

    def test_text_label_is_refused_with_its_image(self, phantoms):
        path = rewritten(phantoms, 'text', lambda image: replace(image, labels={**image.labels, 'race': 'unknown'}))
        with pytest.raises(ValueError, match=r"image \d+ \(.*\): label race: 'unknown' is no number"):
            dataset_of(path, labels=['race']).full_init()


class TestIncompleteCases:
    @pytest.mark.parametrize(
        ('group_by', 'left_out', 'case_id', 'reason'),
        [
            ('breast', ('L-CC', 'FFDM'), 'L', 'missing: no craniocaudal view beside lmlo'),
            ('modalities', ('L-CC', 'SM'), 'L-CC', 'missing: no SM image beside lcc'),
            ('bilateral', ('L-CC', 'FFDM'), 'CC', 'missing: no left image beside rcc'),
        ],
    )
    def test_missing_partners_are_said_and_dropped_on_request(
        self, phantoms, caplog, group_by, left_out, case_id, reason
    ):
        patient = read_annotations(phantoms).images[0].patient_id
        path = rewritten(
            phantoms, f'missing-{group_by}',
            lambda image: None if (image.patient_id, image.view, image.modality) == (patient, *left_out) else image,
        )  # fmt: skip
        modality = ['SM', 'FFDM'] if group_by == 'modalities' else 'FFDM'
        whole = 16 if group_by == 'modalities' else 8
        kept = dataset_of(path, group_by, modality)
        assert list(kept.incomplete.values()) == [reason]
        (name,) = kept.incomplete
        assert name.startswith(patient) and name.endswith(f'/{case_id}')
        samples = [kept[CaseDraw(index, 0, 0)]['data_samples'] for index in range(len(kept))]
        assert len(kept) == whole and sorted(len(sample.views) for sample in samples)[:2] == [1, 2]
        assert [sample.case_id for sample in samples if not sample.complete] == [name]
        dropped = dataset_of(path, group_by, modality, incomplete='drop')
        assert len(dropped) == whole - 1 and dropped.incomplete == kept.incomplete and kept.dropped == {}
        leads = group_by == 'bilateral'  # what is alone is the right side; else the FFDM, or the oblique view
        led = dataset_of(path, group_by, modality, incomplete='keep-first')
        assert len(led) == whole - (not leads) and led.dropped == ({} if leads else dropped.dropped)
        ((file, why),) = dropped.dropped.items()
        assert why == f'case {name} is {reason}' and file not in {
            view['img_path'] for index in range(len(dropped)) for view in dropped.get_data_info(index)['views']
        }

    def test_repeats_are_paired_by_time_or_are_ambiguous(self, phantoms):
        whole = read_annotations(phantoms)
        first = next(image for image in whole.images if (image.view, image.modality) == ('L-CC', 'FFDM'))
        for time, statuses in ((first.acquisition_time_s + 300, ['missing']), (None, ['ambiguous'] * 3)):
            repeat = replace(first, id=10**6, view_name='lcc2', acquisition_time_s=time)
            path = phantoms.parent / 'repeat.json'
            write_annotations(path, AnnotationSet([*whole.images, repeat], whole.findings, whole.info))
            dataset = dataset_of(path, 'modalities', ['SM', 'FFDM'])
            assert [reason.split(':')[0] for reason in dataset.incomplete.values()] == statuses
            assert len(dataset) == (17 if time else 18)

    def test_unreadable_partner_is_named(self, phantoms):
        patient = read_annotations(phantoms).images[0].patient_id
        path = rewritten(
            phantoms, 'unreadable',
            lambda image: replace(image, file_name='lost.dcm')
            if (image.patient_id, image.view, image.modality) == (patient, 'L-CC', 'SM') else image,
        )  # fmt: skip
        dataset = dataset_of(path, 'modalities', ['SM', 'FFDM'], on_error='skip-report')
        assert list(dataset.incomplete.values()) == ['missing: no SM image beside lcc; cannot be loaded: lost.dcm']
        assert len(dataset) == 16 and len(dataset.unreadable) == 1

    def test_what_is_incomplete_is_counted_in_the_log(self, phantoms, monkeypatch):
        lines = []
        monkeypatch.setattr('mammo_plugins.datasets.case_dataset._log', lines.append)
        path = rewritten(phantoms, 'one-sided', lambda image: None if image.view == 'R-CC' else image)
        dataset_of(path, 'bilateral', incomplete='drop').full_init()
        (said,) = [line for line in lines if 'not complete' in line]
        assert said.startswith("leaves out 4 of 8 cases that are not complete by group_by='bilateral' (4 missing):\n")
        assert said.count('no right image beside lcc') == 4
        path = rewritten(phantoms, 'some-sides', lambda image: None if image.view in ('R-CC', 'L-MLO') else image)
        dataset_of(path, 'bilateral', incomplete='keep-first').full_init()
        said = [line for line in lines if 'not complete' in line][-1]
        assert said.startswith("keeps 4 and leaves out 4 of 8 cases that are not complete by group_by='bilateral' (8 ")

    def test_nothing_left_says_why(self, phantoms):
        path = rewritten(phantoms, 'left', lambda image: image if image.view[0] == 'L' else None)
        with pytest.raises(ValueError, match="no case is left .*group_by='bilateral', 8 incomplete cases"):
            dataset_of(path, 'bilateral', incomplete='drop').full_init()


def test_subset_and_filter_work_on_pairs(phantoms):
    dataset = dataset_of(
        phantoms, 'modalities', ['SM', 'FFDM'], subset=dict(patient_fraction=0.5), filter_cfg=dict(positions=['CC'])
    )
    views = [view for index in range(len(dataset)) for view in dataset.get_data_info(index)['views']]
    assert {view['view'][2:] for view in views} == {'CC'} and len({view['patient_id'] for view in views}) == 3
    assert len(dataset) == 6 and not dataset.incomplete


def test_case_of_both_sides_is_annotated_where_each_side_is(phantoms):
    whole = read_annotations(phantoms)
    malignant = next(image for image in whole.images if image.labels['malignant'] and image.modality == 'FFDM')
    findings = [f for f in whole.findings if whole.image(f.image_id).breast_id != malignant.breast_id]
    path = phantoms.parent / 'one-side.json'
    write_annotations(path, AnnotationSet(whole.images, findings, whole.info))
    dataset = dataset_of(path, 'bilateral')
    cases = [dataset.get_data_info(index) for index in range(len(dataset))]
    case = next(case for case in cases if any(view['image_id'] == malignant.id for view in case['views']))
    flags = {view['view'][0]: view['annotated'] for view in case['views']}
    side = malignant.view[0]
    assert not case['annotated'] and case['gt_malignancy'] == 1
    assert flags[side] is False and flags['L' if side == 'R' else 'R'] is True
