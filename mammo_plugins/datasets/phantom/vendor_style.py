"""How six imaginary vendors acquire, process and store: the domain shift that a model meets between sites."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, JPEGLosslessSV1

from .wide_blur import blur_wide

_PLAIN = dict(sharpen=0.25, contrast=0.3)


@dataclass(frozen=True)
class VendorStyle:
    """One vendor.

    Attributes:
        code: ``A`` to ``F``.
        sweep_deg, num_projections: total angle of the tube's path and projections on it.
        noise: factor on the noise of the settings.
        sharpen: strength of unsharp masking.
        gamma, contrast: tone curve, a power followed by an S-curve (0 is none).
        dbt_bits, ffdm_bits: stored bits.
        ffdm_syntax: transfer syntax UID of mammograms.
        inverted_ffdm: mammograms are MONOCHROME1.
        synthetic_scale: pixels of a synthetic mammogram on one of the FFDM of the same exposure. Source: the combo
            exposures of one vendor, 2457 x 1996 on 4096 x 3328 and 2457 x 1890 on 3328 x 2560.
    """

    code: str
    sweep_deg: float
    num_projections: int
    noise: float
    sharpen: float
    gamma: float
    contrast: float
    dbt_bits: int
    ffdm_bits: int
    ffdm_syntax: str
    inverted_ffdm: bool = False
    synthetic_scale: float = 0.6

    @property
    def manufacturer(self) -> str:
        return f'Phantom Vendor {self.code}'

    @property
    def model_name(self) -> str:
        return f'Simulated Tomosynthesis {self.code}'

    def spread(self, factor: float) -> VendorStyle:
        """The style farther from a plain one, or nearer to it, by a factor; 1 is the style itself.

        Logarithms of noise and gamma, and sharpening and contrast, move away from those of :data:`_PLAIN`; tone curves
        stay monotone and softening stays less than a full blur.
        """
        if factor == 1:
            return self

        def moved(name: str) -> float:
            return _PLAIN[name] + factor * (getattr(self, name) - _PLAIN[name])

        return replace(
            self,
            noise=self.noise**factor,
            gamma=self.gamma**factor,
            sharpen=max(moved('sharpen'), -0.9),
            contrast=min(max(moved('contrast'), -0.9), 0.9),
        )

    def apply_tone(self, shares: np.ndarray) -> np.ndarray:
        """Tone curve of the vendor on values in 0..1."""
        toned = np.clip(shares, 0, 1) ** np.float32(self.gamma)
        curve = toned * toned * (3 - 2 * toned)
        return toned + np.float32(self.contrast) * (curve - toned)

    def sharpen_details(self, image: np.ndarray, radius_pixels: float) -> np.ndarray:
        """Unsharp masking (negative ``sharpen`` softens)."""
        return image + np.float32(self.sharpen) * (image - blur_wide(image, radius_pixels))


VENDOR_STYLES = {
    style.code: style
    for style in (
        VendorStyle('A', 50, 15, 1.0, 0.3, 1.0, 0.3, 10, 12, JPEG2000Lossless),
        VendorStyle('B', 44, 13, 1.3, 0.0, 0.85, 0.5, 12, 14, JPEGLosslessSV1, synthetic_scale=0.738),
        VendorStyle('C', 50, 15, 0.8, 0.6, 1.15, 0.1, 12, 12, ExplicitVRLittleEndian),
        VendorStyle('D', 46, 15, 1.6, -0.3, 1.05, 0.6, 12, 13, JPEG2000Lossless, True, 0.738),
        VendorStyle('E', 50, 13, 1.1, 0.8, 0.9, 0.0, 11, 14, JPEGLosslessSV1),
        VendorStyle('F', 40, 11, 0.7, 0.1, 1.25, 0.4, 14, 10, ExplicitVRLittleEndian, synthetic_scale=0.738),
    )
}


def vendor_style(code: str) -> VendorStyle:
    """The style of a vendor.

    Raises:
        ValueError: there is no such vendor.
    """
    if code not in VENDOR_STYLES:
        raise ValueError(f'unknown vendor {code!r}: expected one of {", ".join(VENDOR_STYLES)}')
    return VENDOR_STYLES[code]
