"""Random fields with the spectrum of breast tissue."""

from __future__ import annotations

import numpy as np
from scipy import fft


def power_law_field(
    shape: tuple[int, ...], exponent: float, rng: np.random.Generator, low_cut: float = 0.0, high_cut: float = 0.5
) -> np.ndarray:
    """Periodic Gaussian field whose power spectrum falls as ``1 / f ** exponent``, with mean 0 and variance 1.

    Args:
        shape: size of the field, one to three dimensions.
        exponent: spectral exponent; mammograms show about 3.
        rng: source of randomness.
        low_cut, high_cut: frequencies in cycles a sample outside of which the field holds no power.

    Source: Burgess, Jacobson, Judy, "Human observer detection experiments with mammograms and power-law noise",
        Med. Phys. 28 (2001): mammographic background has a power spectrum 1/f^beta with beta near 3.
    """
    axes = [fft.fftfreq(n) for n in shape[:-1]] + [fft.rfftfreq(shape[-1])]
    squared = np.zeros((1,) * len(shape), dtype=np.float32)
    for axis, frequencies in enumerate(axes):
        view = [1] * len(shape)
        view[axis] = -1
        squared = squared + (frequencies.astype(np.float32) ** 2).reshape(view)
    inside = (squared > low_cut**2) & (squared <= high_cut**2) & (squared > 0)
    gain = np.where(inside, squared, 1) ** np.float32(-exponent / 4) * inside
    spectrum = fft.rfftn(rng.standard_normal(shape, dtype=np.float32)) * gain
    noise = fft.irfftn(spectrum, s=shape)
    return ((noise - noise.mean()) / noise.std()).astype(np.float32)


def ramp_step(level: np.ndarray, softness: float) -> np.ndarray:
    """Smooth step from 0 to 1 around zero, ``softness`` wide."""
    step = np.clip(level / softness + 0.5, 0, 1)
    return step * step * (3 - 2 * step)
