"""Every image brought to mean 0 and spread 1 by itself."""

from __future__ import annotations

from mmdet.registry import MODELS
from torch import Tensor
from torch.nn import functional as F

from .case_data_preprocessor import CaseDataPreprocessor


@MODELS.register_module()
class PerImageDataPreprocessor(CaseDataPreprocessor):
    """Standardises each image by its own mean and standard deviation, and pads with air.

    Both are those of all pixels that loading gives, whatever they show; what a batch pads is not among them.

    Source: GLAM and GMIC (window first, then mean and standard deviation).

    Args:
        min_std: smallest standard deviation, in parts of the range of grey values.
        num_channels, pad_size_divisor, non_blocking: see ``CaseDataPreprocessor``.

    Raises:
        ValueError: ``min_std`` is not positive.
    """

    def __init__(
        self, min_std: float = 1e-5, num_channels: int = 1, pad_size_divisor: int = 64, non_blocking: bool = False
    ) -> None:
        if min_std <= 0:
            raise ValueError(f'min_std must be positive, got {min_std}')
        super().__init__(num_channels=num_channels, pad_size_divisor=pad_size_divisor, non_blocking=non_blocking)
        self.min_std = min_std

    def _pad_and_normalise(self, volume: Tensor, height: int, width: int) -> Tensor:
        volume = volume.float()
        mean, std = volume.mean(), volume.std(unbiased=False).clamp(min=self.min_std)
        padded = F.pad(volume, (0, width - volume.shape[-1], 0, height - volume.shape[-2]))
        return (padded - mean) / std
