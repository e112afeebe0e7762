"""Translating whole images.

Glossary: S slices.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor
from torch.nn import functional as F

from mammo_plugins.structures.intensity_window import IntensityWindow

from ..breast_region import background_limit, decision_stride, find_breast_region

_MULTIPLE = 4
_LEAST = 8


@torch.no_grad()
def translate_image(
    generator: Callable[[Tensor], Tensor],
    img: np.ndarray,
    window: IntensityWindow,
    device: torch.device | str = 'cpu',
) -> np.ndarray:
    """Shows an image in another style; background, labels and markers stay as they are, to the bit.

    Source: MSVCL (2021), whose released test code translates whole breasts, cropped to a multiple of 4. Here the image
    is padded by reflection instead, and cropped back.

    Args:
        generator: from (1, 1, H, W) in [-1, 1] to the same.
        img: (S, H, W) float32 in [0, 1], dark background, H and W of any size from 8 on; slices are translated one by
            one.
        window: what the generator learned in.
        device: where the generator is.

    Returns:
        (S, H, W) float32 in [0, 1].

    Raises:
        ValueError: the image is too small, or no breast is seen in it.
    """
    if min(img.shape[-2:]) < _LEAST:
        raise ValueError(f'an image of {img.shape[-2]} x {img.shape[-1]} is too small to be translated')
    is_breast = breast_outline(img.max(axis=0))
    translated = np.stack([_translate_slice(generator, pixels, window, device) for pixels in img])
    return np.where(is_breast, translated.clip(0, 1), img)


def breast_outline(pixels: np.ndarray) -> np.ndarray:
    """(H, W) bool, the breast with the dark places in it, pixel by pixel.

    Args:
        pixels: (H, W), dark background.

    Raises:
        ValueError: nothing is bright and large enough.
    """
    stride = decision_stride(pixels)
    coarse = find_breast_region(pixels).repeat(stride, axis=0).repeat(stride, axis=1)[: len(pixels), : pixels.shape[1]]
    # Decided on every stride-th pixel: the skin may lie a stride further out, or in.
    near = ndimage.maximum_filter(coarse, 2 * stride + 1)
    return ndimage.binary_fill_holes(near & (pixels > background_limit(pixels[::stride, ::stride])))


def _translate_slice(
    generator: Callable[[Tensor], Tensor], pixels: np.ndarray, window: IntensityWindow, device: torch.device | str
) -> np.ndarray:
    height, width = pixels.shape
    values = window.to_network(torch.from_numpy(np.ascontiguousarray(pixels, dtype=np.float32)).to(device))
    padded = F.pad(values[None, None], (0, -width % _MULTIPLE, 0, -height % _MULTIPLE), mode='reflect')
    made = generator(padded)[0, 0, :height, :width]
    return window.to_intensities(made).cpu().numpy()
