"""From the patches of an image to one prediction.

Glossary: B images of K patches each, C classes, D size of a representation.
"""

from __future__ import annotations

from typing import NamedTuple

from mmdet.registry import MODELS
from torch import Tensor, nn

from ..layers.gated_attention import GatedAttention
from ..layers.precision import in_full_precision
from ..layers.top_fraction_pooling import check_fraction, pool_top_fraction


class BagOutput(NamedTuple):
    """What the patches of images say together.

    Attributes:
        prediction: (B, C) probabilities, y_l.
        representation: (B, D) z_l; None where patches are not weighted.
        weights: (B, K) of the patches, which sum to 1; None likewise.
    """

    prediction: Tensor
    representation: Tensor | None = None
    weights: Tensor | None = None


@MODELS.register_module()
class ConcatenatedPatches(nn.Module):
    """Top t % pooling over the cells of all patches together.

    Source: GLAM (Liu et al. 2021), section 3.2 (concatenation-based aggregation).

    Args:
        pool_fraction: t.

    Raises:
        ValueError: it is out of range.
    """

    def __init__(self, pool_fraction: float = 0.2) -> None:
        super().__init__()
        self.pool_fraction = check_fraction(pool_fraction)

    def forward(self, maps: Tensor, representations: Tensor) -> BagOutput:
        """The prediction.

        Args:
            maps: (B, K, C, height, width) saliency of patches.
            representations: unused.
        """
        return BagOutput(pool_top_fraction(maps.transpose(1, 2).flatten(-3, -2), self.pool_fraction))


@MODELS.register_module()
class AttendedPatches(nn.Module):
    """Top t % pooling of each patch; gated attention weights the patches' predictions and representations.

    Source: GLAM (Liu et al. 2021), section 3.2 (attention-based aggregation).

    Args:
        embed_dims: D.
        hidden_dims: of the attention.
        pool_fraction: t.

    Raises:
        ValueError: it is out of range.
    """

    def __init__(self, embed_dims: int = 512, hidden_dims: int = 128, pool_fraction: float = 0.2) -> None:
        super().__init__()
        self.pool_fraction = check_fraction(pool_fraction)
        self.attention = GatedAttention(embed_dims, hidden_dims)

    def forward(self, maps: Tensor, representations: Tensor) -> BagOutput:
        """The prediction.

        Args:
            maps: (B, K, C, height, width) saliency of patches.
            representations: (B, K, D).
        """
        weights = self.attention(representations)
        predictions = pool_top_fraction(maps, self.pool_fraction)
        prediction, representation = ((weights[..., None] * of).sum(dim=1) for of in (predictions, representations))
        return BagOutput(prediction, representation, weights)


@MODELS.register_module()
class AttendedRepresentation(nn.Module):
    """Gated attention weights the patches' representations, from which a linear layer without bias predicts.

    Source: GMIC (Shen et al. 2021).

    Args:
        embed_dims: D.
        hidden_dims: of the attention.
        num_classes: C.
    """

    def __init__(self, embed_dims: int = 512, hidden_dims: int = 128, num_classes: int = 2) -> None:
        super().__init__()
        self.attention = GatedAttention(embed_dims, hidden_dims)
        self.classifier = nn.Linear(embed_dims, num_classes, bias=False)

    def forward(self, maps: Tensor | None, representations: Tensor) -> BagOutput:
        """The prediction.

        Args:
            maps: unused.
            representations: (B, K, D).
        """
        weights = self.attention(representations)
        representation = (weights[..., None] * representations).sum(dim=1)
        return BagOutput(in_full_precision(self.classifier, representation).sigmoid(), representation, weights)
