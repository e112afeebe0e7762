"""The local module: what patches show.

Glossary: n patches, C classes, D size of a representation.
"""

from __future__ import annotations

from typing import NamedTuple

from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn

from ..layers.precision import at_least_float32
from ..layers.recompute import recompute_in_training

REPRESENTATIONS = ('mean', 'max')


class LocalOutput(NamedTuple):
    """What the local module says of patches.

    Attributes:
        maps: (n, C, height, width) A_k in [0, 1]; None of a module without classes.
        representations: (n, D) z_k.
    """

    maps: Tensor | None
    representations: Tensor


@MODELS.register_module()
class LocalModule(BaseModule):
    """A backbone on patches, a 1x1 convolution for their maps, and pooling for their representations.

    The backbone is mmdet's ``ResNet``: ResNet-34-HR and ResNet-18-HR are those of depth 34 and 18 with all strides 1,
    so that a patch of 512 pixels has a map of 128 x 128.

    Source: GLAM (Liu et al. 2021), appendix C; GMIC (Shen et al. 2021), whose local module has no maps.

    Args:
        backbone: config; its last map is used.
        in_channels: D, of that map.
        num_classes: C; None for a module that gives representations only.
        image_channels: of the backbone's input; grey patches are repeated.
        representation: how a patch's map becomes z_k: ``mean`` or ``max`` over its positions.
        recompute: keep only the input of each residual block in training and compute the rest again for the gradients;
            for backbones with ``res_layers``, as mmdet's ``ResNet``.
        head_bias: the 1x1 convolution has one; neither the paper's nor the release's does.
        init_cfg: as for every module of mmengine; Kaiming's distribution of the 1x1 convolution by default.

    Raises:
        ValueError: an unknown representation.
    """

    def __init__(
        self,
        backbone: dict,
        in_channels: int = 512,
        num_classes: int | None = 2,
        image_channels: int = 3,
        representation: str = 'mean',
        recompute: bool = False,
        head_bias: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg or dict(type='Kaiming', layer='Conv2d'))
        if representation not in REPRESENTATIONS:
            raise ValueError(f'representation is one of {", ".join(REPRESENTATIONS)}, got {representation!r}')
        self.image_channels, self.representation = image_channels, representation
        self.backbone = MODELS.build(backbone)
        if recompute:
            recompute_in_training(block for name in self.backbone.res_layers for block in getattr(self.backbone, name))
        self.head = None if num_classes is None else nn.Conv2d(in_channels, num_classes, 1, bias=head_bias)

    def forward(self, patches: Tensor) -> LocalOutput:
        """What it says of patches (n, 1, height, width)."""
        features = self.backbone(patches.expand(-1, self.image_channels, -1, -1))[-1]
        maps = None if self.head is None else at_least_float32(self.head(features)).sigmoid()
        flat = at_least_float32(features).flatten(2)
        return LocalOutput(maps, flat.mean(dim=-1) if self.representation == 'mean' else flat.amax(dim=-1))
