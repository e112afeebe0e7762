"""Power-law fields and smooth steps."""

import numpy as np
import pytest

from mammo_plugins.datasets.phantom.texture import power_law_field, ramp_step


@pytest.mark.parametrize('exponent', [2.0, 3.0, 4.0])
def test_spectrum_falls_with_the_exponent_asked_for(exponent):
    field = power_law_field((256, 256), exponent, np.random.default_rng(0))
    power = np.abs(np.fft.fft2(field)) ** 2
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(256), np.fft.fftfreq(256)))
    band = (frequency > 0.02) & (frequency < 0.3)
    slope = np.polyfit(np.log(frequency[band]), np.log(power[band]), 1)[0]
    assert slope == pytest.approx(-exponent, abs=0.1)


def test_field_has_mean_0_variance_1_and_no_power_outside_of_its_band():
    field = power_law_field((64, 64), 3.0, np.random.default_rng(1), low_cut=0.1, high_cut=0.2)
    assert field.dtype == np.float32
    assert field.mean() == pytest.approx(0, abs=1e-5)
    assert field.std() == pytest.approx(1, abs=1e-5)
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(64), np.fft.fftfreq(64)))
    power = np.abs(np.fft.fft2(field))
    outside = (frequency <= 0.09) | (frequency > 0.21)
    assert power[outside].max() < 1e-3 * power.max()


def test_field_repeats_without_a_seam():
    field = power_law_field((128, 32), 4.0, np.random.default_rng(2))
    inner = np.abs(np.diff(field, axis=0)).mean()
    seam = np.abs(field[0] - field[-1]).mean()
    assert seam < 3 * inner


def test_step_goes_from_0_to_1_over_its_softness():
    np.testing.assert_allclose(ramp_step(np.array([-1.0, -0.5, 0.0, 0.5, 1.0]), 1.0), [0, 0, 0.5, 1, 1])
