"""Reading an image and reducing its slices to bins."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS

from mammo_plugins.io.image_source import open_image
from mammo_plugins.structures import SliceBins

from ..grey_values import to_grey_values


@TRANSFORMS.register_module()
class LoadMammogram(BaseTransform):
    """Reads an FFDM, SM or DBT as a volume of at most ``num_slices`` bins.

    Frames are decoded one at a time and folded into their bin's running maximum. Adds ``img`` (S, H, W) as 16-bit grey
    values, ``img_shape``, ``patient_orientation`` of the header, ``slice_bins``, an identity ``homography_matrix`` and
    an empty list of ``geometry_steps``.

    Source: M&M-3D, section 4.1 (z-resolution 16 by max pooling).

    Args:
        num_slices: most bins to make; 1 gives the maximum intensity projection.
        voi: how stored values become intensities, see :mod:`mammo_plugins.io.voi`.

    Raises:
        ValueError: ``num_slices`` is less than 1, or (on reading) the file is unreadable or of another size than the
            annotation file says.
    """

    def __init__(self, num_slices: int = 16, voi: str = 'auto') -> None:
        if num_slices < 1:
            raise ValueError(f'num_slices must be at least 1, got {num_slices}')
        self.num_slices = num_slices
        self.voi = voi

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Reads the file at ``img_path``, which must have ``num_source_slices`` slices of ``ori_shape``."""
        source = open_image(results['img_path'])
        header = source.header
        found = (header.num_slices, header.rows, header.columns)
        expected = (results['num_source_slices'], *results['ori_shape'])
        if found != expected:
            raise ValueError(
                f'{results["img_path"]} holds (slices, rows, columns) = {found}, the annotation file says {expected}: '
                'convert the data again'
            )
        bins = SliceBins.at_most(header.num_slices, self.num_slices)
        results['img'] = pool_slices(source.iter_slices(voi=self.voi), bins)
        results['img_shape'] = results['img'].shape[-2:]
        results['patient_orientation'] = header.patient_orientation
        results['slice_bins'] = bins
        results['homography_matrix'] = np.eye(3)
        results['geometry_steps'] = []
        return results


def pool_slices(slices: Iterable[np.ndarray], bins: SliceBins) -> np.ndarray:
    """Reduces slices to the maximum of each bin.

    Args:
        slices: the (H, W) slices of a volume in order, intensities in [0, 1]; at most two are held at a time.
        bins: which slice belongs to which bin.

    Returns:
        (bins, H, W) 16-bit grey values.

    Raises:
        ValueError: there are fewer or more slices than ``bins`` says.
    """
    slices = iter(slices)
    pooled = None
    count = 0
    for index in range(bins.num_bins):
        brightest = None
        for pixels in islice(slices, bins.last(index) + 1 - bins.first(index)):
            brightest = pixels.copy() if brightest is None else np.maximum(brightest, pixels, out=brightest)
            count += 1
        if brightest is None:
            break
        if pooled is None:
            pooled = np.empty((bins.num_bins, *brightest.shape), np.uint16)
        pooled[index] = to_grey_values(brightest)
    count += sum(1 for _ in slices)
    if count != bins.num_slices:
        raise ValueError(f'{count} slices were read of {bins.num_slices}')
    return pooled
