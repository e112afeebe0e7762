"""HAM on both sides of a pair: a classifier whose maps lie in each other.

Glossary: B pairs, 2 sides (right, left).
"""

from __future__ import annotations

from mmdet.registry import MODELS
from torch import Tensor, nn

from ..layers.cam_refinement import class_activation, stretch_cam
from ..layers.precision import in_full_precision
from ..losses.average_factor import mean_where
from ..losses.disentangling_losses import known_cross_entropy
from ..losses.hierarchical_attention_losses import attention_bound_loss, attention_union_loss
from .asymmetry_classifier import AsymmetryClassifier, AsymmetryScores

WEIGHTS = dict(anomaly=0.01, bound=0.001, union=0.001)


@MODELS.register_module()
class HierarchicalAttentionClassifier(AsymmetryClassifier):
    """A side classifier (abnormality attention) beside a second one (anomaly attention), both without bias.

    The abnormality's map is to lie in the anomaly's (bound), and with one class to be the same (union); both train on
    sides that are known to be abnormal.

    Source: HAM (Ouyang et al. 2020), weights as in its release.

    Args:
        backbone, fusion, pooling, init_cfg: see :class:`AsymmetryClassifier`.
    """

    def __init__(self, backbone: dict, fusion: dict, pooling: dict | None = None, init_cfg: dict | None = None) -> None:
        super().__init__(backbone, fusion, pooling, init_cfg)
        self.side_classifier = nn.Linear(self.fusion.out_channels, 1, bias=False)
        self.anomaly_classifier = nn.Linear(self.fusion.out_channels, 1, bias=False)

    def auxiliary_losses(self, scores: AsymmetryScores, side_labels: Tensor) -> dict[str, Tensor]:
        """Weighted losses of the anomaly classifier and of both constraints.

        Args:
            scores: of B pairs.
            side_labels: (B, 2), NaN where unknown.
        """
        labels, features = side_labels.flatten(), scores.sides.flatten(0, 1)
        logits = in_full_precision(self.anomaly_classifier, self.pool(features)).squeeze(-1)
        classifiers = (self.side_classifier, self.anomaly_classifier)
        own, anomaly = (stretch_cam(class_activation(features, classifier.weight)) for classifier in classifiers)
        losses = dict(
            anomaly=known_cross_entropy(logits, labels),
            bound=mean_where(attention_bound_loss(own, anomaly), labels == 1),
            union=mean_where(attention_union_loss(own, anomaly), labels == 1),
        )
        return {name: WEIGHTS[name] * loss for name, loss in losses.items()}
