"""Whole images of any size through a generator: what is breast changes, what is not stays to the bit."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mammo_plugins.datasets.grey_values import from_grey_values, to_grey_values
from mammo_plugins.datasets.styles import translate_image
from mammo_plugins.datasets.styles.translation import breast_outline
from mammo_plugins.registration import models
from mammo_plugins.structures.intensity_window import IntensityWindow

ResNetGenerator = models.translation.ResNetGenerator
PLAIN = IntensityWindow()


def darker(values):
    """Half of the intensity, in the range of a network."""
    assert values.shape[-2] % 4 == 0 and values.shape[-1] % 4 == 0
    return (values - 1) / 2


@pytest.mark.parametrize('shape', [(96, 64), (97, 66), (99, 67), (201, 130), (1201, 777)])
def test_breast_is_translated_and_background_stays_in_any_size(breast, shape):
    img = np.stack([breast(*shape), breast(*shape, seed=1)])
    img[:, :6, -8:] = 0.9  # a marker
    shown = translate_image(darker, img, PLAIN)
    outline = breast_outline(img.max(axis=0))
    assert shown.shape == img.shape and shown.dtype == np.float32
    np.testing.assert_allclose(shown[:, outline], img[:, outline] / 2, atol=1e-6)
    assert np.array_equal(shown[:, ~outline], img[:, ~outline])
    assert not outline[:6, -8:].any() and outline[img.max(axis=0) > 0].mean() > 0.98


def test_dark_places_in_the_breast_are_breast(breast):
    img = breast(120, 90)
    img[50:60, 20:30] = 0
    assert breast_outline(img)[50:60, 20:30].all()


def test_outline_is_exact_where_the_decision_was_coarse(breast):
    img = breast(1600, 1000)  # decided on every fourth pixel
    found, truth = breast_outline(img), img > 0
    assert (found != truth).sum() == 0


def test_padding_is_reflected_and_cut_off(breast):
    """A generator that sees its neighbours gives what it gives on the image that was padded by hand."""
    torch.manual_seed(0)
    generator = ResNetGenerator(width=2, blocks=1)
    img = breast(97, 66)
    padded = np.pad(img, ((0, 3), (0, 2)), mode='reflect')
    with torch.no_grad():
        made = generator(torch.from_numpy(padded * 2 - 1)[None, None])[0, 0, :97, :66].numpy()
    outline = breast_outline(img)
    expected = ((made + 1) / 2)[outline]
    np.testing.assert_allclose(translate_image(generator, img[None], PLAIN)[0, outline], expected, atol=1e-6)


def test_window_is_taken_back():
    window = IntensityWindow.checked(-0.1, 1.3)
    values = np.linspace(0, 1, 7, dtype=np.float32)
    np.testing.assert_allclose(window.to_intensities(window.to_network(values)), values, atol=1e-6)
    assert window.to_network(-0.1) == -1 and window.to_network(1.3) == pytest.approx(1)
    with pytest.raises(ValueError, match=r'from a lower to a higher intensity, got 1 to 0\.5'):
        IntensityWindow.checked(1, 0.5)


def test_all_16_bits_pass_unless_the_generator_changes_them(breast):
    """More levels than 8 bits have: those of a 14-bit detector come back as they were."""
    grey = to_grey_values(breast(200, 130)[None])
    shown = translate_image(lambda values: values, from_grey_values(grey), IntensityWindow(-0.2, 1.2))
    assert np.array_equal(to_grey_values(shown), grey)
    assert len(np.unique(grey)) > 5000


@pytest.mark.parametrize(
    ('img', 'message'),
    [(np.zeros((1, 7, 30)), 'too small'), (np.zeros((1, 30, 30)), 'no breast found')],
)
def test_what_cannot_be_translated_is_refused(img, message):
    with pytest.raises(ValueError, match=message):
        translate_image(darker, img.astype(np.float32), PLAIN)
