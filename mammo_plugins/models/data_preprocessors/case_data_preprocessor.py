"""From a list of breasts to one tensor of slice images."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.model import BaseDataPreprocessor
from torch import Tensor
from torch.nn import functional as F

from mammo_plugins.structures.case_sample import MammoCaseSample


@MODELS.register_module()
class CaseDataPreprocessor(BaseDataPreprocessor):
    """Pads to a common height and width, normalises, and stacks all slices of all views of all breasts.

    Slices are never padded: a batch of an FFDM and a 16-slice volume is a tensor of 17 images, whose order
    :class:`~mammo_plugins.models.layers.SliceLayout` describes.

    Args:
        mean: subtracted from intensities, which readers give in [0, 1].
        std: what intensities are divided by then.
        num_channels: channels of the backbone's input; the grey image is repeated.
        pad_size_divisor: height and width are padded with air, intensity 0, to multiples of this.
        non_blocking: whether copies to a device may overlap with computation.
    """

    def __init__(
        self,
        mean: float = 0.0,
        std: float = 1.0,
        num_channels: int = 3,
        pad_size_divisor: int = 32,
        non_blocking: bool = False,
    ) -> None:
        super().__init__(non_blocking=non_blocking)
        if std <= 0:
            raise ValueError(f'std must be positive, got {std}')
        self.mean, self.std = mean, std
        self.num_channels = num_channels
        self.pad_size_divisor = pad_size_divisor

    def forward(self, data: dict, training: bool = False) -> dict:
        """Makes a batch.

        Args:
            data: ``inputs``, for each breast the list of its views' (S, 1, H, W) tensors, and ``data_samples``.
            training: unused; mmengine passes it.

        Returns:
            ``inputs`` (slice images, num_channels, H', W') and ``data_samples``, whose views have got
            ``batch_input_shape`` and ``pad_shape``, and whose ``synthetic`` images are padded and normalised alike.

        Raises:
            ValueError: a volume has another number of slices than its sample says.
        """
        data = self.cast_data(data)
        volumes = [volume for case in data['inputs'] for volume in case]
        cases: Sequence[MammoCaseSample] = data['data_samples']
        views = [view for case in cases for view in case.views]
        self._check_slices(volumes, views)
        height, width = self._padded_size(volumes)
        for view in views:
            view.set_metainfo(dict(batch_input_shape=(height, width), pad_shape=(height, width)))
        for view in views:
            if 'synthetic' in view:
                view.synthetic = self._pad_and_normalise(view.synthetic, height, width)
        inputs = torch.cat([self._pad_and_normalise(volume, height, width) for volume in volumes])
        return dict(inputs=inputs.expand(-1, self.num_channels, -1, -1), data_samples=cases)

    @staticmethod
    def _check_slices(volumes: Sequence[Tensor], views: Sequence[DetDataSample]) -> None:
        if len(volumes) != len(views):
            raise ValueError(f'{len(volumes)} volumes for {len(views)} views')
        for volume, view in zip(volumes, views):
            if len(volume) != view.num_slices:
                raise ValueError(
                    f'image {view.image_id} ({view.view}) has {len(volume)} slices where its sample says '
                    f'{view.num_slices}'
                )

    def _padded_size(self, volumes: Sequence[Tensor]) -> tuple[int, int]:
        divisor = self.pad_size_divisor
        return tuple(math.ceil(max(volume.shape[axis] for volume in volumes) / divisor) * divisor for axis in (-2, -1))

    def _pad_and_normalise(self, volume: Tensor, height: int, width: int) -> Tensor:
        padded = F.pad(volume.float(), (0, width - volume.shape[-1], 0, height - volume.shape[-2]))
        return (padded - self.mean) / self.std
