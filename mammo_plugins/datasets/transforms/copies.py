"""Several random copies of each image, for pretraining without labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS

from mammo_plugins.structures.image_identity import ImageIdentity

from ..transform_building import build_transforms


@TRANSFORMS.register_module()
class MakeCopies(BaseTransform):
    """Sends each view several times through random transforms, and keeps what comes out side by side.

    Adds ``copies``, a list of the views of a case for each copy.

    Args:
        transforms: transforms of a case.
        num_copies: how many.

    Raises:
        ValueError: there are no copies to make.
    """

    def __init__(self, transforms: Sequence[dict | Callable], num_copies: int = 2) -> None:
        if num_copies < 1:
            raise ValueError(f'num_copies must be at least 1, got {num_copies}')
        self.transforms, self.num_copies = build_transforms(transforms), num_copies

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        taken: list[list] = [[] for _ in results['views']]
        results['copies'] = []
        for _ in range(self.num_copies):
            views = [{**view, 'styles_taken': styles} for view, styles in zip(results['views'], taken)]
            case = {**results, 'views': views}
            for transform in self.transforms:
                case = transform(case)
            results['copies'].append(case['views'])
        return results


@TRANSFORMS.register_module()
class PackCopies(BaseTransform):
    """Makes ``inputs``, one (copies, 1, H, W) float32 tensor a view, and ``data_samples``, an identity a view.

    Source of the layout: volumes have their slices where copies are here, so ``collate_cases`` serves both.

    Raises:
        ValueError: (on a case) a view has several slices, or its copies differ in size.
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """A case with ``copies``, each a list of its views, to ``inputs`` and ``data_samples``."""
        inputs, identities = [], []
        for copies in zip(*results['copies']):
            first = copies[0]
            shapes = {view['img'].shape for view in copies}
            if len(shapes) > 1 or first['img'].shape[0] != 1:
                raise ValueError(
                    f'{first["img_path"]}: copies must have one slice and one size, got (S, H, W) {sorted(shapes)}: '
                    'load with num_slices=1 and crop to a size'
                )
            images = np.stack([np.asarray(view['img'], dtype=np.float32) for view in copies])
            inputs.append(torch.from_numpy(images))
            styles = tuple(view.get('style', '') for view in copies)
            identities.append(ImageIdentity(first['patient_id'], first['view'], first['img_path'], styles))
        return dict(inputs=inputs, data_samples=identities)
