"""The U-Net of MONAI."""

from __future__ import annotations

from collections.abc import Sequence

from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor


@MODELS.register_module()
class MonaiUNet(BaseModule):
    """``monai.networks.nets.BasicUNet`` in two dimensions: logits (n, out_channels, H, W) of images.

    Source: U-Net (Ronneberger et al. 2015), as MONAI has it.

    Args:
        in_channels: of the images.
        out_channels: classes.
        features: channels of the five levels from the finest to the coarsest, and of what the outputs are made from.
        norm: of every convolution. The default looks at one image only, so batches of any size train alike.
        dropout: share of channels that is dropped in training.
        init_cfg: as for every module of mmengine.

    Raises:
        ModuleNotFoundError: MONAI is not installed.
    """

    def __init__(
        self,
        in_channels: int = 1,
        out_channels: int = 2,
        features: Sequence[int] = (32, 32, 64, 128, 256, 32),
        norm: str = 'instance',
        dropout: float = 0.0,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        try:
            from monai.networks.nets import BasicUNet
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                "the U-Net needs MONAI: pip install 'mammo_plugins[segmentation]'", name='monai'
            ) from error
        self.net = BasicUNet(
            spatial_dims=2,
            in_channels=in_channels,
            out_channels=out_channels,
            features=tuple(features),
            norm=(norm, {'affine': True}),
            dropout=dropout,
        )

    def forward(self, images: Tensor) -> Tensor:
        """Logits.

        Args:
            images: (n, in_channels, H, W), sides that 16 divides.
        """
        return self.net(images)
