"""How near a made normal image comes to the true one, on images that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mammo_plugins.evaluation.functional.normal_fidelity import (
    blur_breast,
    harmed_share,
    normal_numbers,
    psnr,
    removed_share,
)

BREAST = np.ones((10, 10), bool)
LESION = np.zeros((10, 10), bool)
LESION[4:6, 4:6] = True
TRUTH = np.tile(np.linspace(0, 0.5, 10), (10, 1))
SHOWN = TRUTH + 0.4 * LESION


@pytest.mark.parametrize(
    ('made', 'removed'),
    [
        (TRUTH, 1.0),
        (SHOWN, 0.0),
        (TRUTH + 0.1 * LESION, 0.75),
        (TRUTH + 0.6 * LESION, -0.5),
        (TRUTH - 0.2 * LESION, 1.5),
    ],
    ids=['all of it', 'nothing', 'three quarters', 'more of it', 'a hole'],
)
def test_share_of_the_lesion_that_is_gone(made, removed):
    assert removed_share(made, TRUTH, SHOWN, LESION) == pytest.approx(removed)


def test_error_unlike_the_lesion_is_no_lesion():
    made = TRUTH.copy()
    made[4:6, 4:6] += [[0.1, -0.1], [-0.1, 0.1]]
    assert removed_share(made, TRUTH, SHOWN, LESION) == pytest.approx(1)


def test_psnr_is_that_of_the_region():
    metrics = pytest.importorskip('skimage.metrics')
    made = TRUTH + 0.01
    assert psnr(made, TRUTH, BREAST) == pytest.approx(40)
    assert psnr(SHOWN, TRUTH, LESION) == pytest.approx(-20 * np.log10(0.4))
    assert psnr(SHOWN, TRUTH, BREAST) == pytest.approx(metrics.peak_signal_noise_ratio(TRUTH, SHOWN, data_range=1.0))
    assert psnr(TRUTH, TRUTH, BREAST) == pytest.approx(107.1, abs=0.1)
    assert np.isnan(psnr(TRUTH, TRUTH, ~BREAST))


def test_harm_is_counted_outside_of_lesions_against_the_range_of_the_breast():
    made = SHOWN.copy()
    made[0, :5] += 0.06  # more than a tenth of the range, which is below 0.5
    made[1, :5] += 0.02
    numbers = normal_numbers(made, TRUTH, SHOWN, LESION, BREAST, np.full((10, 10), 0.5))
    assert numbers['harmed'] == pytest.approx(5 / 96) == harmed_share(made, TRUTH, BREAST & ~LESION, BREAST)
    assert numbers['l1_outside'] == pytest.approx((5 * 0.06 + 5 * 0.02) / 96)
    assert numbers['removed'] == pytest.approx(0) and numbers['ssim_inside'] == numbers['ssim_outside'] == 0.5
    assert numbers['psnr_inside'] == pytest.approx(-20 * np.log10(0.4))


def test_blur_keeps_a_constant_breast_and_what_lies_outside():
    breast = np.zeros((20, 20), bool)
    breast[:, :10] = True
    pixels = np.where(breast, 0.7, 0.1)
    np.testing.assert_allclose(blur_breast(pixels, breast, 2.0), pixels)
