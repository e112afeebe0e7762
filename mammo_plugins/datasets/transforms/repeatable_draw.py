"""A random transform whose draw depends on the image alone, for tests of robustness."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS

from ..grey_values import from_grey_values, to_grey_values
from ..transform_building import build_transforms
from .random_view import RandomViewTransform


@TRANSFORMS.register_module()
class RepeatableDraw(BaseTransform):
    """Changes an image in ``loading`` by a random transform, the same way whenever it is loaded.

    Right behind ``LoadMammogram`` it changes the image as it is stored, before it is cropped and resized. Values end in
    [0, 1].

    Args:
        transform: a transform of a view that leaves its geometry alone, such as ``dict(type='RandomNoise', prob=1)``.
        seed: with the image's number in the annotation file, it decides the draw.

    Raises:
        ValueError: it is no random transform of a view, or (on loading) it moves the image.
    """

    def __init__(self, transform: dict[str, Any], seed: int = 0) -> None:
        (built,) = build_transforms([transform])
        if not isinstance(built, RandomViewTransform):
            raise ValueError(f'{type(built).__name__} is no random transform of a view, such as RandomNoise')
        self._transform, self.seed = built, seed

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        rng = np.random.default_rng([self.seed, results['image_id']])
        view = {**results, 'img': from_grey_values(results['img'])}
        self._transform.apply(view, **self._transform.sample_parameters(rng, view))
        if view['img'].shape != results['img'].shape or len(view['geometry_steps']) > len(results['geometry_steps']):
            raise ValueError(f'{type(self._transform).__name__} moves the image: it cannot be drawn while loading')
        results['img'] = to_grey_values(view['img'].clip(0, 1).astype(np.float32))
        return results
