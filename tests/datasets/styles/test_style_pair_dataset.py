"""Unpaired images of two vendors from one annotation file."""

from __future__ import annotations

import pytest
import torch
from mmdet.registry import DATA_SAMPLERS, DATASETS

from mammo_plugins.apis.convert import convert_dataset
from mammo_plugins.apis.phantoms import make_phantoms
from mammo_plugins.datasets.case_draw import CaseDraw
from mammo_plugins.io import read_annotations
from mammo_plugins.registration import styles  # noqa: F401

FIRST = dict(style='A', manufacturers=['Phantom Vendor A'])
SECOND = dict(style='C', manufacturers=['Phantom Vendor C', 'Phantom Vendor D'])
LOADING = [dict(type='LoadMammogram', num_slices=1), dict(type='OrientCanonical'), dict(type='CropBreast')]
CROP = dict(type='MakeCopies', transforms=[dict(type='RandomCropBreast', size=40)], num_copies=1)


@pytest.fixture(scope='module')
def annotations(tmp_path_factory):
    root = tmp_path_factory.mktemp('vendors')
    overrides = {'vendors': 'ABCD'}
    make_phantoms(root / 'p', cases=4, seed=5, size='96x64x6', split=(1, 0, 0), workers=1, overrides=overrides)
    convert_dataset('phantom', root / 'p', root / 'ann.json')
    return root / 'ann.json'


def build(annotations, **changes):
    settings = dict(first=FIRST, second=SECOND, ann_file=str(annotations), modality='FFDM', loading=LOADING)
    pipeline = [CROP, dict(type='PackCopies')]
    return DATASETS.build({'type': 'mmdet.StylePairDataset', **settings, 'pipeline': pipeline, **changes})


def vendors_of(annotations):
    return {record.file_name: record.manufacturer for record in read_annotations(annotations).images}


def vendor(item, place, table):
    path = item['data_samples'][place].image
    return next(maker for name, maker in table.items() if path.endswith(name))


def test_each_item_has_an_image_of_each_style(annotations):
    data, table = build(annotations), vendors_of(annotations)
    assert len(data) == 8 and data.styles == {'A': FIRST['manufacturers'], 'C': SECOND['manufacturers']}
    items = [data[CaseDraw(index, 3, position)] for position, index in enumerate([*range(8)] * 3)]
    assert all([tuple(image.shape) for image in item['inputs']] == [(1, 1, 40, 40)] * 2 for item in items)
    for place, makers in enumerate(data.styles.values()):
        assert {vendor(item, place, table) for item in items} == set(makers)
    assert len({item['data_samples'][0].image for item in items}) == 4
    assert len({item['data_samples'][1].image for item in items}) == 8
    pairs = {tuple(sample.image for sample in item['data_samples']) for item in items}
    assert len(pairs) > 15  # the same image meets others


def test_a_draw_decides_alone_and_crops_differ(annotations):
    data = build(annotations)
    one, other = (data[CaseDraw(2, 7, 11)] for _ in range(2))
    assert one['data_samples'] == other['data_samples']
    assert all(torch.equal(*images) for images in zip(one['inputs'], other['inputs']))
    moved = data[CaseDraw(2, 7, 12)]
    assert not torch.equal(one['inputs'][0], moved['inputs'][0])


def test_the_sampler_needs_no_labels_and_the_cache_finds_every_image(annotations):
    data = build(annotations)
    sampler = DATA_SAMPLERS.build(dict(type='mmdet.BalancedCaseSampler', dataset=data, positive_fraction=None, seed=0))
    draws = [draw.index for draw, _ in zip(iter(sampler), range(8))]
    assert sorted(draws) == list(range(8))
    views = [view['img_path'] for index in range(len(data)) for view in data.get_data_info(index)['views']]
    assert len(views) == len(set(views)) == 12  # three patients of these vendors


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(second=FIRST), 'two styles of different manufacturers'),
        (dict(second=dict(style='B', manufacturers=FIRST['manufacturers'])), 'two styles of different manufacturers'),
        (dict(second=dict(style='a/b', manufacturers=['x'])), "letters, digits, _, . and -, got 'a/b'"),
        (dict(second=dict(style='B', manufacturers=[])), 'style B: manufacturers is a list'),
        (dict(second=dict(style='B', manufacturers='x')), 'style B: manufacturers is a list'),
        (dict(second=dict(style='B', manufacturers=['nobody'])), 'no case is left'),
    ],
)
def test_what_is_no_pair_of_styles_is_refused(annotations, changes, message):
    with pytest.raises(ValueError, match=message):
        build(annotations, **changes)
