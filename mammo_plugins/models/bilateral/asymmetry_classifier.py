"""AsyC of DisAsymNet: is a side abnormal, and is the pair asymmetric?

Glossary: B pairs, 2 sides (right, left), C channels of an image, D of a feature map, h x w its size.
"""

from __future__ import annotations

from typing import NamedTuple

from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn

from ..layers.cam_refinement import class_activation, refine_cam
from ..layers.precision import in_full_precision


class AsymmetryScores(NamedTuple):
    """What AsyC says of a batch.

    Attributes:
        stages: encoder features by stage, fine to coarse, (2 B, D_l, h_l, w_l) each, right before left in a pair.
        sides: (B, 2, D, h, w) features that both classifiers see.
        side_logits: (B, 2), abnormal.
        pair_logits: (B,), asymmetric; None where sides are not compared.
    """

    stages: tuple[Tensor, ...]
    sides: Tensor
    side_logits: Tensor
    pair_logits: Tensor | None


@MODELS.register_module()
class AsymmetryClassifier(BaseModule):
    """A shared encoder, what brings the sides together, and two linear classifiers on pooled features.

    Source: DisAsymNet, section 2.1, whose pooling is not stated. Its baselines differ in what brings the sides
    together.

    Args:
        backbone: config of the encoder; its last stage is compared.
        fusion: config of what brings the sides together: ``AsymmetricTransformer``, ``SideConcatenation``,
            ``AsymmetryAttention``, or ``ForegroundAttention`` and ``SingleSides``, which compare nothing.
        pooling: config of what makes a vector of a map, such as ``LogSumExpPooling``; the mean where None.
    """

    def __init__(self, backbone: dict, fusion: dict, pooling: dict | None = None, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg=init_cfg)
        self.backbone, self.fusion = MODELS.build(backbone), MODELS.build(fusion)
        self.side_classifier = nn.Linear(self.fusion.out_channels, 1)
        compared = self.fusion.compared_channels
        self.pair_classifier = None if compared is None else nn.Linear(compared, 1)
        self.pooling = None if pooling is None else MODELS.build(pooling)

    def forward(self, pairs: Tensor) -> AsymmetryScores:
        """Scores of pairs of images (B, 2, C, H, W)."""
        stages = tuple(self.backbone(pairs.flatten(0, 1)))
        sides = self.fusion(stages[-1].unflatten(0, (-1, 2)))
        side_logits = in_full_precision(self.side_classifier, self.pool(sides)).squeeze(-1)
        if self.pair_classifier is None:
            return AsymmetryScores(stages, sides, side_logits, None)
        compared = self.pool(self.fusion.compare(sides))
        return AsymmetryScores(
            stages, sides, side_logits, in_full_precision(self.pair_classifier, compared).squeeze(-1)
        )

    def pool(self, features: Tensor) -> Tensor:
        """(..., D, h, w) to (..., D)."""
        return features.mean(dim=(-2, -1)) if self.pooling is None else self.pooling(features)

    def auxiliary_losses(self, scores: AsymmetryScores, side_labels: Tensor) -> dict[str, Tensor]:
        """Weighted losses beside those of both labels: none here."""
        return {}

    def refined_cams(self, scores: AsymmetryScores, size: tuple[int, int]) -> Tensor:
        """(B, 2, H, W) refined maps of where a side is abnormal, for images of ``size``."""
        shown = self.fusion.map_channels
        cams = class_activation(scores.sides.flatten(0, 1)[:, shown], self.side_classifier.weight[:, shown])
        return refine_cam(cams, size).unflatten(0, (-1, 2))
