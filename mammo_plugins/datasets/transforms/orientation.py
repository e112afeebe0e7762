"""Turning every breast the same way."""

from __future__ import annotations

from typing import Any

from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS

from mammo_plugins.io.orientation import canonical_flips
from mammo_plugins.structures import ViewKey

from .view_geometry import move_view


@TRANSFORMS.register_module()
class OrientCanonical(BaseTransform):
    """Flips a view so that the chest wall is at the left edge and the cranial or lateral side is up.

    Decided once a volume, on its maximum intensity projection, from the pixels, ``rotated_180`` of the annotation file
    and Patient Orientation of the header, see :func:`~mammo_plugins.io.orientation.decide_way_up`.
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Turns ``img``.

        Raises:
            ValueError: the image is stored turned by 90 degrees.
        """
        height, width = results['img_shape']
        flips = canonical_flips(
            results['img'].max(axis=0),
            rotated_180=results['rotated_180'],
            patient_orientation=results.pop('patient_orientation', None),  # turned once, not twice
            view=ViewKey.parse(results['view']),
        )
        move_view(results, flips.apply(results['img']), flips.homography(width, height))
        return results
