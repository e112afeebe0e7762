"""Compression with loss, and draws that depend on the image alone."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from mmdet.registry import TRANSFORMS
from PIL import Image

from mammo_plugins.datasets.grey_values import from_grey_values, to_grey_values
from mammo_plugins.datasets.transforms import RandomJPEG, RepeatableDraw


@pytest.fixture(name='view')
def view_fixture(make_view, breast):
    return make_view(np.stack([breast(120, 96), breast(120, 96) / 2]).astype(np.float32))


def compress(view, **arguments):
    RandomJPEG(prob=1, **arguments).transform(dict(views=[view], rng=np.random.default_rng(0)))
    return view['img']


def test_image_is_what_a_file_gives_back(view):
    before = view['img'].copy()
    found = compress(view, quality=(50, 50))
    for pixels, slices in zip(found, before):
        file = BytesIO()
        Image.fromarray(np.rint(slices * 255).astype(np.uint8)).save(file, 'JPEG', quality=50)
        np.testing.assert_array_equal(np.rint(pixels * 255), np.asarray(Image.open(file)))
    assert found.dtype == np.float32 and found.shape == before.shape


def test_lower_quality_loses_more(make_view, breast):
    rng = np.random.default_rng(0)
    pixels = (breast(120, 96) * rng.uniform(0.5, 1, (120, 96)))[None].astype(np.float32)
    losses = [np.abs(compress(make_view(pixels.copy()), quality=(q, q)) - pixels).mean() for q in (95, 50, 10)]
    assert losses == sorted(losses) and losses[0] < 0.01


def test_probability_of_none_changes_nothing(view):
    before = view['img'].copy()
    RandomJPEG(prob=0).transform(dict(views=[view], rng=np.random.default_rng(0)))
    np.testing.assert_array_equal(view['img'], before)


@pytest.mark.parametrize('quality', [(0, 50), (60, 50), (50, 96)])
def test_impossible_quality_is_refused(quality):
    with pytest.raises(ValueError, match='quality must be a range'):
        RandomJPEG(quality=quality)


def load(view, image_id, **arguments):
    """The view as ``loading`` passes it on, after a draw."""
    settings = dict(type='RandomNoise', std=(0.1, 0.1), prob=1)
    transform = TRANSFORMS.build(dict(type='RepeatableDraw', transform=settings, **arguments))
    return transform({**view, 'img': to_grey_values(view['img'].clip(0, 1)), 'image_id': image_id})['img']


def test_draw_depends_on_image_and_seed_alone(view):
    first = load(view, 7)
    np.testing.assert_array_equal(load(view, 7), first)
    assert (load(view, 8) != first).mean() > 0.5 and (load(view, 7, seed=1) != first).mean() > 0.5


def test_drawn_noise_has_its_strength(view):
    difference = from_grey_values(load(view, 7)) - view['img']
    inside = (view['img'] > 0.3) & (view['img'] < 0.7)  # elsewhere it may be cut off
    assert np.std(difference[inside]) == pytest.approx(0.1 * view['img'].std(), rel=0.1)


@pytest.mark.parametrize(('name', 'message'), [('CropBreast', 'is no random transform'), ('RandomRotation', 'moves')])
def test_what_cannot_be_drawn_while_loading_is_refused(view, name, message):
    with pytest.raises(ValueError, match=message):
        RepeatableDraw(dict(type=name)).transform(
            {**view, 'img': to_grey_values(view['img'].clip(0, 1)), 'image_id': 1}
        )
