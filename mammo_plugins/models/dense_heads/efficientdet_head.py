"""The anchor head of EfficientDet: two towers whose convolutions all levels share, with norms of their own."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmcv.cnn import build_norm_layer
from mmdet.models.dense_heads import AnchorHead
from mmdet.registry import MODELS
from mmengine.dist import all_reduce, get_world_size
from mmengine.model import BaseModule, bias_init_with_prob
from torch import Tensor, nn

from ..layers.separable_conv import SeparableConv
from ..layers.widened_conv import start_from_narrow


def efficientdet_anchors(scale: float = 4, num_levels: int = 5) -> dict:
    """Config of the anchors: centres at (i + 0.5) strides, three octaves, ratios 1, 2 and 1/2 of width to height.

    Args:
        scale: sides of the smallest anchors, in strides.
        num_levels: levels of the pyramid, the first with a stride of 8.
    """
    return dict(
        type='AnchorGenerator',
        octave_base_scale=scale,
        scales_per_octave=3,
        ratios=[1.0, 0.5, 2.0],
        strides=[8 * 2**level for level in range(num_levels)],
        center_offset=0.5,
        scale_major=False,
    )


@MODELS.register_module()
class EfficientDetHead(AnchorHead):
    """Class and box towers of separable convolutions; focal and Huber loss, divided by the positive anchors plus one.

    Anchors, assignment, coding, losses and suppression are mmdet's. The box loss ``50 x Huber(0.1) / 4`` of the
    reference is ``SmoothL1Loss(beta=0.1, loss_weight=1.25)``.

    Source: EfficientDet (Tan et al. 2020), section 4, and the reference implementation's loss.

    Args:
        num_classes: classes without background.
        in_channels: of every level.
        feat_channels: of the towers; ``in_channels`` where None.
        num_convs: convolutions of a tower before the prediction.
        num_levels: levels of the pyramid.
        conv_bias: whether convolutions before a norm have a bias (the released TensorFlow weights do).
        separate_inputs: whether a level has ``in_channels`` for the class tower, and as many after them for the
            box tower.
        norm_cfg: norms of the towers.
        anchor_generator, loss_cls, loss_bbox: as for mmdet's heads, with the reference's settings.
        bbox_coder: deltas in x, y, width, height, not scaled.
        prior_prob: what every class predicts at the start.
        **kwargs: ``train_cfg`` and ``test_cfg``.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        feat_channels: int | None = None,
        num_convs: int = 3,
        num_levels: int = 5,
        conv_bias: bool = True,
        separate_inputs: bool = False,
        norm_cfg: dict | None = None,
        anchor_generator: dict | None = None,
        bbox_coder: dict | None = None,
        loss_cls: dict | None = None,
        loss_bbox: dict | None = None,
        prior_prob: float = 0.01,
        **kwargs,
    ) -> None:
        self.num_convs, self.num_levels, self.conv_bias = num_convs, num_levels, conv_bias
        self.norm_cfg = norm_cfg or dict(type='BN', eps=1e-3, momentum=0.01)
        self.prior_prob, self.separate_inputs = prior_prob, separate_inputs
        super().__init__(
            num_classes,
            in_channels,
            feat_channels=feat_channels or in_channels,
            anchor_generator=anchor_generator or efficientdet_anchors(num_levels=num_levels),
            bbox_coder=bbox_coder or dict(type='DeltaXYWHBBoxCoder', clip_border=False),
            loss_cls=loss_cls or dict(type='FocalLoss', use_sigmoid=True, gamma=1.5, alpha=0.25, loss_weight=1.0),
            loss_bbox=loss_bbox or dict(type='SmoothL1Loss', beta=0.1, loss_weight=1.25),
            init_cfg=None,
            **kwargs,
        )
        if self.prior_generator.num_levels != num_levels:
            raise ValueError(
                f'anchor_generator has {self.prior_generator.num_levels} strides, but the head has {num_levels} levels'
            )

    def _init_layers(self) -> None:
        tower = dict(
            in_channels=self.in_channels,
            channels=self.feat_channels,
            num_convs=self.num_convs,
            num_levels=self.num_levels,
            conv_bias=self.conv_bias,
            norm_cfg=self.norm_cfg,
        )
        classes = self.num_base_priors * self.cls_out_channels
        self.class_tower = PredictionTower(classes, bias=bias_init_with_prob(self.prior_prob), **tower)
        self.box_tower = PredictionTower(self.num_base_priors * 4, **tower)

    def forward(self, feats: Sequence[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Pyramid levels to class logits (N, anchors x classes, H, W) and box deltas (N, anchors x 4, H, W) a level."""
        if not self.separate_inputs:
            return self.class_tower(feats), self.box_tower(feats)
        of_class, of_box = zip(*(level.split(self.in_channels, dim=1) for level in feats))
        return self.class_tower(of_class), self.box_tower(of_box)

    def get_targets(self, *args, **kwargs) -> tuple | None:
        """Targets of mmdet's anchor head, normalised by the positive anchors of all processes plus one.

        mmdet counts an image without a finding as one positive; the reference adds one to the sum.
        """
        targets = super().get_targets(*args, **kwargs)
        if targets is None:
            return None
        labels, weights = targets[0], targets[1]
        positive = sum(((label < self.num_classes) & (weight > 0)).sum() for label, weight in zip(labels, weights))
        count = torch.as_tensor(positive, dtype=torch.float32, device=labels[0].device)
        all_reduce(count, op='sum')
        return (*targets[:4], (count + 1) / get_world_size(), *targets[5:])


class PredictionTower(BaseModule):
    """Separable convolutions shared by all levels, each with a norm a level and swish, then a prediction.

    Args:
        out_channels: of the prediction.
        in_channels: of the levels.
        channels: of the tower.
        num_convs: convolutions before the prediction.
        num_levels: levels of the pyramid.
        conv_bias: whether convolutions before a norm have a bias.
        norm_cfg: the norms.
        bias: of the prediction at the start.
    """

    def __init__(
        self,
        out_channels: int,
        in_channels: int,
        channels: int,
        num_convs: int,
        num_levels: int,
        conv_bias: bool,
        norm_cfg: dict,
        bias: float = 0.0,
    ) -> None:
        super().__init__()
        widths = [in_channels, *[channels] * num_convs]
        self.convs = nn.ModuleList(SeparableConv(width, channels, bias=conv_bias) for width in widths[:-1])
        self.norms = nn.ModuleList(
            nn.ModuleList(build_norm_layer(norm_cfg, channels)[1] for _ in range(num_levels)) for _ in range(num_convs)
        )
        self.activate = nn.SiLU()
        self.predict = SeparableConv(widths[-1], out_channels)
        self.bias = bias

    def init_weights(self) -> None:
        """Variance scaling by the fan in for the convolutions; biases 0, that of the prediction as given."""
        super().init_weights()
        for module in [*self.convs, self.predict]:
            for conv in (module.depthwise, module.pointwise):
                fan_in = nn.init._calculate_fan_in_and_fan_out(conv.weight)[0]
                nn.init.trunc_normal_(conv.weight, std=fan_in**-0.5)
            if module.pointwise.bias is not None:
                nn.init.zeros_(module.pointwise.bias)
        nn.init.constant_(self.predict.pointwise.bias, self.bias)

    def start_from(self, narrow: PredictionTower) -> None:
        """Takes the last layers of a tower that reads fewer channels; further channels count for nothing at first."""
        ours, theirs = [*self.convs, self.predict], [*narrow.convs, narrow.predict]
        theirs = theirs[len(theirs) - len(ours) :]
        start_from_narrow(ours[0], theirs[0])
        for own, other in zip(ours[1:], theirs[1:], strict=True):
            own.load_state_dict(other.state_dict())
        if len(self.norms):
            self.norms.load_state_dict(narrow.norms.state_dict())

    def features(self, level: int, x: Tensor) -> Tensor:
        """What the prediction of a level reads."""
        for conv, norms in zip(self.convs, self.norms, strict=True):
            x = self.activate(norms[level](conv(x)))
        return x

    def forward(self, levels: Sequence[Tensor]) -> list[Tensor]:
        """(N, channels, H, W) a level to (N, out_channels, H, W) a level."""
        return [self.predict(self.features(level, x)) for level, x in enumerate(levels)]
