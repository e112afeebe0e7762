"""Random copies of an image for pretraining: crops, rotations, jitter, blur and styles, in floats throughout."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mmdet.registry import TASK_UTILS
from torchvision.transforms.v2 import functional as tv

from mammo_plugins.datasets.breast_region import find_breast_mask
from mammo_plugins.datasets.transforms import (
    MakeCopies,
    PackCopies,
    RandomBlur,
    RandomCropBreast,
    RandomGreyJitter,
    RandomResizedCropBreast,
    RandomRotation,
    RandomStyle,
)

STYLES = {'own': 1.0, 'dark': 2.0, 'bright': 0.5}


@TASK_UTILS.register_module()
class ToneCurves:
    """Vendors that differ by a gamma: a stand-in for learned styles."""

    def styles(self, view):
        return list(STYLES)

    def show(self, view, style):
        return view['img'] ** np.float32(STYLES[style])


@pytest.fixture
def view(make_view, breast):
    return make_view(breast(200, 130)[None], boxes=[(20, 90, 40, 120)], modality='FFDM')


def rng(seed=0):
    return np.random.default_rng(seed)


def is_fine_and_in_range(img) -> bool:
    """More levels than 8 bits have, and intensities."""
    return img.dtype == np.float32 and 0 <= img.min() and img.max() <= 1 and len(np.unique(img)) > 400


@pytest.mark.parametrize('min_breast', [0.3, 0.7])
def test_crops_hold_breast_and_have_one_size(view, min_breast):
    transform = RandomResizedCropBreast(size=48, min_breast=min_breast, attempts=200)
    mask = find_breast_mask(view['img'][0])
    for seed in range(30):
        window = transform.sample_parameters(rng(seed), view)['window']
        assert mask[window.top : window.bottom, window.left : window.right].mean() >= min_breast
        cropped = dict(view)
        transform.apply(cropped, window)
        assert cropped['img'].shape == (1, 48, 48) and is_fine_and_in_range(cropped['img'])


def test_crop_that_never_fits_lies_on_the_breast(view):
    transform = RandomResizedCropBreast(area=(0.9, 1.0), min_breast=1.0, attempts=2)
    mask = find_breast_mask(view['img'][0])
    windows = [transform.sample_parameters(rng(seed), view)['window'] for seed in range(20)]
    assert all(mask[w.top : w.bottom, w.left : w.right].any() for w in windows)
    assert all(w.right <= 130 and w.bottom <= 200 and w.left >= 0 and w.top >= 0 for w in windows)


def test_crops_have_the_area_and_the_shape_asked_for(view):
    transform = RandomResizedCropBreast(area=(0.2, 0.5), aspect=(0.5, 2.0), min_breast=0.01, attempts=1)
    windows = [transform.sample_parameters(rng(seed), view)['window'] for seed in range(200)]
    sizes = np.array([(w.right - w.left, w.bottom - w.top) for w in windows], dtype=float)
    aspects = sizes[:, 0] / sizes[:, 1]
    largest = np.minimum(130, 200 * aspects) ** 2 / aspects
    shares = sizes.prod(axis=1) / largest
    assert 0.48 < aspects.min() < 0.6 and 1.7 < aspects.max() < 2.05
    assert 0.19 < shares.min() < 0.25 and 0.45 < shares.max() < 0.52


def test_crop_and_rotation_take_boxes_along(make_view):
    img = np.zeros((1, 120, 100), np.float32)
    img[0, 50:60, 30:50] = 1
    view = make_view(img, boxes=[(30, 50, 50, 60)])
    RandomRotation().apply(view, angle=90.0)
    rows, columns = np.nonzero(view['img'][0] > 0.5)
    found = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    np.testing.assert_allclose(view['gt_bboxes'][0], found, atol=1)
    np.testing.assert_allclose(view['gt_bboxes'][0][2:] - view['gt_bboxes'][0][:2], [10, 20], atol=1e-3)
    window = RandomResizedCropBreast(size=60).sample_parameters(rng(), view)['window']
    RandomResizedCropBreast(size=60).apply(view, window)
    assert view['img'].shape == (1, 60, 60) and view['img_shape'] == (60, 60)


@pytest.mark.parametrize('min_breast', [0.3, 0.7])
def test_plain_crops_hold_breast_and_change_no_pixel(view, min_breast):
    transform = RandomCropBreast(size=48, min_breast=min_breast, attempts=200)
    mask = find_breast_mask(view['img'][0])
    places = set()
    for seed in range(30):
        window = transform.sample_parameters(rng(seed), view)['window']
        cropped = dict(view)
        transform.apply(cropped, window)
        place = np.s_[window.top : window.bottom, window.left : window.right]
        assert mask[place].mean() >= min_breast and np.array_equal(cropped['img'][0], view['img'][0][place])
        assert cropped['img'].shape == (1, 48, 48)
        places.add(window[:2])
    assert len(places) > 20


def test_plain_crop_of_a_small_image_is_mirrored_away_from_the_chest_wall(view):
    transform = RandomCropBreast(size=208, min_breast=0.1)
    img = view['img'].copy()
    transform.apply(view, **transform.sample_parameters(rng(), view))
    assert view['img'].shape == (1, 208, 208)
    assert np.array_equal(view['img'][:, :200, :130], img)
    assert np.array_equal(view['img'][:, :200, 130:208], img[:, :, :51:-1])
    np.testing.assert_allclose(view['gt_bboxes'], [(20, 90, 40, 120)])


def test_image_without_breast_is_named(make_view):
    with pytest.raises(ValueError, match=r'breast\.png: no breast found'):
        RandomResizedCropBreast().sample_parameters(rng(), make_view(np.zeros((1, 40, 40), np.float32)))


def test_jitter_is_that_of_torchvision(view):
    before = view['img'].copy()
    shown = dict(view)
    RandomGreyJitter().apply(shown, brightness=1.2, contrast=0.8)
    image = tv.adjust_contrast(tv.adjust_brightness(torch.from_numpy(before), 1.2), 0.8)
    np.testing.assert_allclose(shown['img'], image.numpy(), atol=1e-6)
    assert np.array_equal(view['img'], before)


def test_jitter_and_blur_draw_in_their_ranges_as_often_as_asked():
    generator = rng()
    jitter = [RandomGreyJitter(0.3, 0.1, prob=0.5).sample_parameters(generator, {}) for _ in range(600)]
    factors = np.array([(draw['brightness'], draw['contrast']) for draw in jitter]) - 1
    changed = np.abs(factors).sum(axis=1) > 0
    assert 0.4 < changed.mean() < 0.6
    assert 0.28 < np.abs(factors[:, 0]).max() <= 0.3 and 0.09 < np.abs(factors[:, 1]).max() <= 0.1
    sigmas = [RandomBlur((1.0, 3.0), prob=0.5).sample_parameters(generator, {})['sigma'] for _ in range(600)]
    blurred = [sigma for sigma in sigmas if sigma is not None]
    assert 0.4 < len(blurred) / 600 < 0.6 and 1 <= min(blurred) < 1.1 and 2.9 < max(blurred) <= 3


def test_blur_spreads_a_point_and_keeps_its_sum(make_view):
    img = np.zeros((1, 41, 41), np.float32)
    img[0, 20, 20] = 1
    view = make_view(img)
    RandomBlur().apply(view, sigma=2.0)
    distances = np.square(np.arange(41) - 20)
    assert view['img'].sum() == pytest.approx(1, abs=1e-4)
    assert (view['img'][0].sum(axis=0) * distances).sum() == pytest.approx(4, rel=0.02)


def test_copies_have_different_styles(view):
    transform = MakeCopies([RandomStyle(dict(type='ToneCurves'), blend=False)], num_copies=3)
    case = transform(dict(views=[view, view], rng=rng(), group_by='breast'))
    for index in range(2):
        copies = [copy[index] for copy in case['copies']]
        assert {copy['style'] for copy in copies} == set(STYLES)
        for copy in copies:
            np.testing.assert_allclose(copy['img'], view['img'] ** STYLES[copy['style']], atol=1e-6)


def test_blends_are_those_of_equation_2(view):
    transform, seen = RandomStyle(ToneCurves()), set()
    for seed in range(300):
        shares = transform.sample_parameters(rng(seed), dict(view))['shares']
        shown = dict(view)
        transform.apply(shown, shares)
        expected = sum(share * view['img'].astype(float) ** STYLES[name] for name, share in shares.items())
        np.testing.assert_allclose(shown['img'], expected, atol=1e-6)
        assert sum(shares.values()) == pytest.approx(1) and is_fine_and_in_range(shown['img'])
        seen.add(shown['style'])
    assert len(seen) == 3 * 9 + 3  # three pairs with nine steps between, three plain styles
    assert {'own', '0.3 bright + 0.7 dark'} <= seen


def test_styles_are_refused_without_a_bank_or_a_second_style(view):
    with pytest.raises(ValueError, match='needs a bank of styles'):
        RandomStyle()
    bank = ToneCurves()
    bank.styles = lambda view: ['own']
    with pytest.raises(ValueError, match=r"knows \['own'\]"):
        RandomStyle(bank).sample_parameters(rng(), dict(view))
    bank.show = lambda view, style: view['img'][:, :-1]
    with pytest.raises(ValueError, match='before all that moves'):
        RandomStyle(bank).apply(dict(view), {'own': 1.0})


COPY = [dict(type='RandomRotation'), dict(type='RandomResizedCropBreast', size=32), dict(type='RandomGreyJitter')]


def test_copies_of_a_data_set_are_packed(make_dataset, release):
    dataset = make_dataset(
        release.path,
        modality='FFDM',
        loading=[dict(type='LoadMammogram', num_slices=1), dict(type='OrientCanonical')],
        pipeline=[dict(type='MakeCopies', transforms=COPY), dict(type='PackCopies')],
    )
    np.random.seed(0)
    packed = dataset[0]
    assert [tuple(image.shape) for image in packed['inputs']] == [(2, 1, 32, 32)] * 2
    for image, identity in zip(packed['inputs'], packed['data_samples']):
        assert not torch.equal(image[0], image[1])
        assert 0 <= image.min() and image.max() <= 1
        assert identity.image.endswith(f'P1-FFDM_{identity.view}.png') and identity.patient == 'P1'
        assert identity.styles == ('', '')


def test_volumes_and_copies_of_several_sizes_are_refused(view, make_view):
    with pytest.raises(ValueError, match='one slice and one size'):
        PackCopies()(dict(copies=[[make_view(np.zeros((3, 8, 8)))]]))
    with pytest.raises(ValueError, match='one slice and one size'):
        PackCopies()(dict(copies=[[view], [make_view(np.zeros((1, 8, 8)))]]))
    with pytest.raises(ValueError, match='num_copies must be at least 1'):
        MakeCopies([], num_copies=0)
